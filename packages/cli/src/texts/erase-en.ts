/** What `source erase` says, in English. */

export const eraseEn = {
  about: "destroy a patient's key: nobody can tell any more what was vouched for, and nothing here names the patient",
  patient: "the patient's id, as it stands in the columns that name patients",
  reason: "a code for the ledger, such as ERASURE-REQUEST: up to 32 letters, digits and . _ : -",
  yes: "do not ask again",
  warning: (patient: string, source: string) =>
    `The key of patient ${patient} in ${source} will be destroyed. Nothing brings it back, and nobody can verify these rows again.`,
  question: "Type the patient's id once more to go on: ",
  notConfirmed: "Nothing was erased.",
  erased: (names: number, reason: string) =>
    `Erased: ${reason}. ${names} ${names === 1 ? "name" : "names"} of rows forgotten; verify calls the patient's rows erased from now on.`,
};
