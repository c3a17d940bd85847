/* Invented people, and codes that only look like the real code systems: this is sample data, not medicine. */

export const FAMILIES = [
  ..."Abendroth Birkhahn Castellano Dunmore Eskelinen Farsund Grünwald Halloran Ibsten Jorvik Kaltenbach Lindqvist".split(
    " ",
  ),
  ..."Marchetti Nordahl O'Brannagh Petrescu Quillfeld Rosenlund Söderholm Tamboura Ullmark Verhoeven Wachira Ximénes".split(
    " ",
  ),
  ..."Yardley Zielonka 欧阳 司马 Đorđić Ångrund".split(" "),
];
export const GIVEN = [
  ..."Alva Benno Carla Dario Elif Falk Greta Hanno Ines Jonas Kaya Leif Mira Nils Oda Pavel Quirin Rike Sanna Timo".split(
    " ",
  ),
  ..."Ulla Vito Wanja Xenia Yorick Zoë 小雨 明 Chloé Øystein".split(" "),
];
export const STREETS = ["Harbour Row", "Linden Lane", "Mill Bridge", "Old Market", "Quarry Hill", "Station Road"];
export const TOWNS = ["Nordhaven", "Eastmere", "Kirchfeld", "Pont-Neuf", "Santa Lucía"];

/** Loinc-like code, unit, lowest and highest value in 10^-decimals, decimals. */
export const LABS = [
  { code: "8867-4", unit: "/min", low: 48, high: 130, decimals: 0 },
  { code: "8310-5", unit: "Cel", low: 3550, high: 4020, decimals: 2 },
  { code: "2160-0", unit: "mg/dL", low: 50, high: 240, decimals: 2 },
  { code: "2345-7", unit: "mg/dL", low: 600, high: 2800, decimals: 1 },
  { code: "718-7", unit: "g/dL", low: 800, high: 1800, decimals: 2 },
  { code: "2951-2", unit: "mmol/L", low: 1280, high: 1490, decimals: 1 },
  { code: "2823-3", unit: "mmol/L", low: 300, high: 580, decimals: 2 },
  { code: "85354-9", unit: "mm[Hg]", low: 90, high: 180, decimals: 0 },
] as const;

export const DIAGNOSES = [
  { code: "I10", display: "raised blood pressure" },
  { code: "E11.9", display: "sugar metabolism, type 2" },
  { code: "J45.0", display: "asthma, allergic" },
  { code: "M54.5", display: "low back pain" },
  { code: "N39.0", display: "urinary tract infection" },
  { code: "S52.5", display: "fracture of the forearm" },
  { code: "K35.8", display: "acute appendicitis" },
  { code: "F32.1", display: "depressive episode" },
] as const;

export const DRUGS = [
  { code: "372567009", name: "metforin", unit: "mg", dose: 500_000 },
  { code: "386873009", name: "lisinopran", unit: "mg", dose: 12_500 },
  { code: "387207008", name: "ibuprolen", unit: "mg", dose: 400_000 },
  { code: "372756006", name: "warfanin", unit: "mg", dose: 2_500 },
  { code: "387467008", name: "pantoprasol", unit: "mg", dose: 40_000 },
  { code: "372897005", name: "salbutamon", unit: "µg", dose: 100_000 },
] as const;

export const SUBSTANCES = ["penicillin", "latex", "peanut", "bee venom", "iodine contrast", "house dust"];
export const REACTIONS = ["rash", "hives", "swelling", "short breath", 'patient said "itching"', "nausea"];
export const TASKS = ["attending", "night shift", "consult"];
/** Awkward on purpose: both characters have a meaning in row names. */
export const WARDS = ["A1", "B|2", "C\\3", "ICU"];
export const SIGNALS = ["SpO2", "HR", "RR", "alarm"];
export const ROLES = [
  "physician",
  "nurse",
  "physician",
  "laboratory",
  "pharmacist",
  "billing",
  "administration",
] as const;
/** Who works in the simulated ward, under which login. */
export const WARD_STAFF = [
  ...["dr.grünwald", "dr.tamboura", "dr.o'brannagh"].map((login) => ({ login, role: "physician" })),
  ...["nurse.alva", "nurse.timo", "nurse.欧阳"].map((login) => ({ login, role: "nurse" })),
  { login: "lab.ines", role: "laboratory" },
  ...["billing.marchetti", "billing.ullmark"].map((login) => ({ login, role: "billing" })),
  ...["admin.verhoeven", "records.wachira"].map((login) => ({ login, role: "administration" })),
] as const;
export const WORDS = (
  "patient reports mild pain since morning no fever lungs clear abdomen soft wound dry and clean slept well appetite " +
  "returning walked along the corridor blood pressure stable continue present treatment review tomorrow with laboratory " +
  "results family informed agrees to plan skin warm pulse regular oriented friendly ward round consultant café naïve größer"
).split(" ");
