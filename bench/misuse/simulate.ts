/** One simulated hospital with planted misuse: the facts its detector may know, its accesses, and the truth. */
import { Facts } from "@anamnesis/misuse";
import { Rng } from "@anamnesis/sandbox";
import { makePeople } from "./people.ts";
import { type Plot, plant } from "./plots.ts";
import { Rota } from "./rota.ts";
import { legalWork } from "./work.ts";
import { type Habits, type SimAccess, World } from "./world.ts";

export interface Simulated {
  readonly facts: Facts;
  /** In order of time; the place in the list is the log index. */
  readonly accesses: readonly SimAccess[];
  readonly plots: readonly Plot[];
  readonly legal: number;
}

export function simulate(seed: string, habits: Habits, cases: number): Simulated {
  const rng = new Rng(seed);
  const world = new World(habits, makePeople(rng.fork("people"), habits.patients));
  const rota = new Rota(world, rng.fork("rota"));
  legalWork(world, rota, rng);
  const legal = world.accesses.length;
  const plots = plant(world, rota, rng, cases);
  return { facts: factsOf(world), accesses: world.accesses.toSorted((a, b) => a.time - b.time), plots, legal };
}

function factsOf(world: World): Facts {
  const facts = new Facts();
  for (const { number, family, street, house, town, vip, deceased } of world.patients) {
    facts.countFamily(family);
    facts.addPatient({ patient: String(number), family, street: `${street} ${house}`, town, vip, deceased });
  }
  for (const { actor, role, department, family, street, house, town, patient, contactOf } of world.staff) {
    const own = patient === null ? null : String(patient);
    facts.addStaff({ ...{ actor, role, department, family, town }, street: `${street} ${house}`, patient: own });
    for (const number of contactOf) facts.addContact({ actor, patient: String(number) });
  }
  for (const relation of world.relations) facts.addRelation(relation);
  for (const shift of world.shifts) facts.addShift(shift);
  return facts;
}
