/** Who looks into whose file, and what about the two makes it misuse. What has to be so for it is made so by ordinary SQL. */

/** A member of the staff, and patients who are in nobody's care now. */
export interface Cast {
  readonly id: number;
  readonly login: string;
  readonly patients: readonly number[];
}

export interface Scene {
  readonly pattern: string;
  /** Patients needed. */
  readonly patients: number;
  /** Statements that make it so; `$1` = practitioner, `$2` = first patient. */
  readonly circumstances: readonly string[];
}

const scene = (pattern: string, ...circumstances: readonly string[]): Scene => ({
  pattern,
  patients: 1,
  circumstances,
});

export const SCENES: readonly Scene[] = [
  scene(
    "relative",
    "UPDATE practitioners SET name = 'Alva Quastenberg' WHERE id = $1",
    "UPDATE patients SET family = 'Quastenberg' WHERE id = $1",
  ),
  scene("household", "UPDATE practitioners SET address = (SELECT address FROM patients WHERE id = $2) WHERE id = $1"),
  scene(
    "neighbour",
    `UPDATE practitioners SET address = '{"street":"Lighthouse Steps 7","town":"Nordhaven"}' WHERE id = $1`,
    `UPDATE patients SET address = '{"street":"Lighthouse Steps 9","town":"Nordhaven"}' WHERE id = $2`,
  ),
  scene(
    "colleague",
    "UPDATE practitioners SET own_file = $2 WHERE id = (SELECT max(id) FROM practitioners WHERE id < 29 AND id <> $1)",
  ),
  scene("star", "UPDATE patients SET vip = true WHERE id = $2"),
  scene(
    "former partner",
    `UPDATE patients SET contact = jsonb_build_object('name', 'Leif', 'phone',
       (SELECT phone FROM practitioners WHERE id = $1)) WHERE id = $2`,
  ),
  scene("own record", "UPDATE practitioners SET own_file = $2 WHERE id = $1"),
  scene("deceased", "UPDATE patients SET deceased_on = current_date - 400 WHERE id = $2"),
  { pattern: "harvest in order", patients: 30, circumstances: [] },
];
