/**
 * Legal work, with what makes it look odd to a machine: cover at night, float nurses, consultants called by telephone,
 * boards, clerks who serve everybody, walk-ins that nobody wrote down, staff and stars who are ill like anybody.
 */
import type { Rng } from "@anamnesis/sandbox";
import { DEPARTMENTS } from "./people.ts";
import type { Duty, Rota } from "./rota.ts";
import { DAY, HOUR, MINUTE, START, type World } from "./world.ts";

const BEDDED = DEPARTMENTS.filter((d) => d !== "emergency");

export function legalWork(world: World, rota: Rota, seed: Rng): void {
  past(world, seed.fork("past"));
  const rng = seed.fork("work");
  const { days, admissionsPerDay, outpatientsPerDay, emergenciesPerDay, curbside, calls } = world.habits;
  const often = (rate: number, act: () => void) => {
    for (let n = Math.round(rate * (0.7 + rng.int(600) / 1_000)); n > 0; n--) act();
  };
  // Beds are full when the story begins.
  for (let day = -6; day < days; day++) often(admissionsPerDay, () => admission(world, rota, rng, day));
  for (let day = 0; day < days; day++) {
    often(outpatientsPerDay, () => outpatient(world, rota, rng, day));
    often(emergenciesPerDay, () => emergency(world, rota, rng, day));
    often(curbside, () => curbsideLook(world, rota, rng, day));
    often(calls, () => call(world, rota, rng, day));
    often(30, () => archive(world, rota, rng, day));
    if (day % 7 === 3) for (const department of ["oncology", "neurology"]) board(world, rota, rng, day, department);
  }
}

/** Last year's care: over when the story begins. Some of those patients have died. */
function past(world: World, rng: Rng): void {
  for (const patient of world.patients) {
    for (let n = rng.int(3); n > 0; n--) {
      const from = START - rng.between(10, 420) * DAY;
      const department = rng.pick(DEPARTMENTS);
      const doctor = rng.pick(world.staff.filter((s) => s.role === "physician" && s.department === department));
      world.relate(patient.number, doctor.actor, department, from, from + rng.between(1, 9) * DAY);
    }
    if (rng.chance(0.02)) patient.deceased = START - rng.between(5, 400) * DAY;
  }
}

function someone(world: World, rng: Rng): number {
  for (;;) {
    const patient = rng.pick(world.patients);
    if (patient.deceased === null) return patient.number;
  }
}

const during = (rng: Rng, { from, to }: Duty): number => {
  // One look in twenty is finished after hours.
  const late = rng.chance(0.05) ? rng.int(150) * MINUTE : 0;
  return from + rng.int(Math.floor((to - from) / MINUTE)) * MINUTE + late;
};

function oneOf(rng: Rng, duties: readonly Duty[]): Duty | undefined {
  return duties.length === 0 ? undefined : rng.pick(duties);
}

function admission(world: World, rota: Rota, rng: Rng, day: number): void {
  const patient = someone(world, rng);
  const department = rng.pick(BEDDED);
  let stay = 1;
  while (rng.chance(0.78) && stay < 14) stay++;
  const doctors = world.staff.filter((s) => s.role === "physician" && s.department === department);
  const doctor = rng.pick(doctors);
  const from = START + day * DAY + rng.between(7, 20) * HOUR;
  world.relate(patient, doctor.actor, department, from, from + stay * DAY);
  if (day >= 0) clerk(world, rota, rng, day, patient, "registration");
  for (let d = Math.max(day, 0); d <= day + stay && d < world.habits.days; d++) {
    bedDay(world, rota, rng, { patient, department, day: d, doctor: doctor.actor });
  }
  const end = day + stay;
  afterwards(world, rota, rng, patient, doctor.actor, end);
}

interface Bed {
  readonly patient: number;
  readonly department: string;
  readonly day: number;
  readonly doctor: string;
}

function bedDay(world: World, rota: Rota, rng: Rng, bed: Bed): void {
  const { patient, department, day } = bed;
  for (const hour of [8, 16, 24]) {
    const duty = oneOf(rng, rota.on(day, { role: "nurse", department, at: START + day * DAY + hour * HOUR }));
    if (duty === undefined) continue;
    world.look(rng, duty.who, patient, during(rng, duty), { reads: 2, writes: rng.between(0, 2) });
    if (rng.chance(world.habits.recorded.nurse)) {
      world.relate(patient, duty.who.actor, department, duty.from, duty.to);
    }
  }
  const round = rota.on(day, { role: "physician", department });
  const doctor = round.find((d) => d.who.actor === bed.doctor) ?? oneOf(rng, round);
  if (doctor !== undefined) world.look(rng, doctor.who, patient, during(rng, doctor), { reads: 3, writes: 1 });
  if (rng.chance(0.7)) central(world, rota, rng, day, patient, "laboratory");
  if (rng.chance(0.4)) central(world, rota, rng, day, patient, "pharmacist");
  if (rng.chance(0.12)) consult(world, rota, rng, bed);
  if (rng.chance(0.06)) onCall(world, rota, rng, bed);
}

function central(world: World, rota: Rota, rng: Rng, day: number, patient: number, role: string): void {
  const duty = oneOf(rng, rota.on(day, { role }));
  if (duty !== undefined) world.look(rng, duty.who, patient, during(rng, duty), { reads: 1, writes: 1 });
}

function clerk(world: World, rota: Rota, rng: Rng, day: number, patient: number, role: string): void {
  const duty = oneOf(rng, rota.on(day, { role }));
  const purpose = role === "billing" ? "HPAYMT" : "HOPERAT";
  if (duty !== undefined) world.look(rng, duty.who, patient, during(rng, duty), { reads: 2, writes: 1, purpose });
}

/** Another department's doctor is asked; the order is not always written. */
function consult(world: World, rota: Rota, rng: Rng, { patient, department, day }: Bed): void {
  const other = rng.pick(BEDDED.filter((d) => d !== department));
  const duty = oneOf(rng, rota.on(day, { role: "physician", department: other }));
  if (duty === undefined) return;
  const time = during(rng, duty);
  const writes = rng.chance(0.7) ? 1 : 0;
  const end = world.look(rng, duty.who, patient, time, { reads: rng.between(2, 4), writes });
  if (rng.chance(0.4)) world.look(rng, duty.who, patient, end + rng.between(20, 40) * HOUR, { reads: 1 });
  if (rng.chance(world.habits.recorded.consult)) world.relate(patient, duty.who.actor, other, time - HOUR, time + DAY);
}

/** At night one doctor covers several departments; at times it is an emergency. */
function onCall(world: World, rota: Rota, rng: Rng, { patient, department, day }: Bed): void {
  const duty = oneOf(
    rng,
    rota.on(day, { role: "physician", department: "emergency", at: START + day * DAY + 23 * HOUR }),
  );
  if (duty === undefined) return;
  const time = during(rng, duty);
  const urgent = rng.chance(0.3);
  const writes = urgent || rng.chance(0.6) ? 1 : 0;
  world.look(rng, duty.who, patient, time, { reads: 2, writes, purpose: urgent ? "ETREAT" : "TREAT" });
  if (rng.chance(world.habits.recorded.onCall)) world.relate(patient, duty.who.actor, department, duty.from, duty.to);
}

/** Letters, late results, the bill. */
function afterwards(world: World, rota: Rota, rng: Rng, patient: number, doctor: string, end: number): void {
  const days = world.habits.days;
  const letter = end + rng.between(1, 12);
  const who = world.staff.find((s) => s.actor === doctor);
  const duty = rota.on(letter, { role: "physician" }).find((d) => d.who === who);
  if (duty !== undefined && letter < days && rng.chance(0.6)) {
    world.look(rng, duty.who, patient, during(rng, duty), { reads: 2, writes: 1 });
  }
  const late = end + rng.between(25, 45);
  const then = rota.on(late, { role: "physician" }).find((d) => d.who === who);
  if (then !== undefined && late < days && rng.chance(0.1)) {
    world.look(rng, then.who, patient, during(rng, then), { reads: 2 });
  }
  const bill = end + rng.between(1, 20);
  if (bill >= 0 && bill < days) clerk(world, rota, rng, bill, patient, "billing");
}

function outpatient(world: World, rota: Rota, rng: Rng, day: number): void {
  const patient = someone(world, rng);
  const department = rng.pick(BEDDED);
  const duty = oneOf(rng, rota.on(day, { role: "physician", department }));
  if (duty === undefined) return;
  const time = during(rng, duty);
  if (rng.chance(world.habits.recorded.walkIn)) world.relate(patient, duty.who.actor, department, time, time + HOUR);
  clerk(world, rota, rng, day, patient, "registration");
  world.look(rng, duty.who, patient, time, { reads: 2, writes: 1 });
  const nurse = oneOf(rng, rota.on(day, { role: "nurse", department, at: time }));
  if (nurse !== undefined && rng.chance(0.5)) world.look(rng, nurse.who, patient, time, { reads: 1, writes: 1 });
  if (rng.chance(0.3)) central(world, rota, rng, day, patient, "laboratory");
  if (rng.chance(0.5)) afterwards(world, rota, rng, patient, duty.who.actor, day);
}

function emergency(world: World, rota: Rota, rng: Rng, day: number): void {
  const patient = someone(world, rng);
  const time = START + day * DAY + rng.int(24 * 60) * MINUTE;
  const doctor = oneOf(rng, rota.on(day, { role: "physician", department: "emergency", at: time }));
  const nurse = oneOf(rng, rota.on(day, { role: "nurse", department: "emergency", at: time }));
  const purpose = rng.chance(0.4) ? "ETREAT" : "TREAT";
  if (nurse !== undefined) world.look(rng, nurse.who, patient, time, { reads: 2, writes: 1, purpose });
  if (doctor === undefined) return;
  world.look(rng, doctor.who, patient, time + 10 * MINUTE, { reads: 3, writes: 1, purpose });
  // The desk enters the encounter, at times hours later and with another doctor's name.
  world.relate(
    patient,
    rng.chance(0.8) ? doctor.who.actor : null,
    "emergency",
    time + rng.int(240) * MINUTE,
    time + 6 * HOUR,
  );
  clerk(world, rota, rng, day, patient, "registration");
}

/** "Have a quick look, would you?" Nothing is written down. */
function curbsideLook(world: World, rota: Rota, rng: Rng, day: number): void {
  const duty = oneOf(rng, rota.on(day, { role: "physician" }));
  if (duty === undefined) return;
  const inHouse = world.relations[world.relations.length - 1 - rng.int(Math.min(400, world.relations.length))];
  const patient = inHouse === undefined || rng.chance(0.2) ? someone(world, rng) : Number(inHouse.patient);
  world.look(rng, duty.who, patient, during(rng, duty), { reads: rng.between(1, 3) });
}

/** A patient telephones; sometimes an appointment comes of it. */
function call(world: World, rota: Rota, rng: Rng, day: number): void {
  const duty = oneOf(rng, rota.on(day, { role: "registration" }));
  if (duty === undefined) return;
  const patient = someone(world, rng);
  const time = during(rng, duty);
  world.look(rng, duty.who, patient, time, { reads: rng.between(1, 3), purpose: "HOPERAT" });
  if (rng.chance(0.6)) {
    const then = time + rng.between(3, 30) * DAY;
    world.relate(patient, null, rng.pick(BEDDED), then, then + HOUR);
  }
}

/** Old files are fetched, copied and put away. */
function archive(world: World, rota: Rota, rng: Rng, day: number): void {
  const duty = oneOf(rng, rota.on(day, { role: "records" }));
  if (duty === undefined) return;
  const patient = rng.pick(world.patients).number;
  world.look(rng, duty.who, patient, during(rng, duty), { reads: 2, writes: rng.int(2), purpose: "HOPERAT" });
}

/** Five doctors of other departments go through eight patients. Not everybody declares the purpose. */
function board(world: World, rota: Rota, rng: Rng, day: number, department: string): void {
  const open = world.relations.filter((r) => r.department === department && r.from > START + (day - 20) * DAY);
  const cases = rng.shuffle(open).slice(0, 8);
  const members = rng.shuffle(rota.on(day, { role: "physician" })).slice(0, 5);
  for (const { who } of members) {
    const purpose = rng.chance(0.3) ? "HQUALIMP" : "TREAT";
    let at = START + day * DAY + 15 * HOUR;
    for (const each of cases) at = world.look(rng, who, Number(each.patient), at, { reads: 1, purpose }) + 3 * MINUTE;
  }
}
