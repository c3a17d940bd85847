/** Names and addresses made comparable: spelling aside, and with the house number apart. */
export interface Address {
  /** Street and town without the house number. */
  readonly street: string;
  readonly house: number | null;
  /** Everything: equal means the same household's door. */
  readonly whole: string;
}

/** Letters and digits only, one case, accents kept: "  O'Brannagh " and "o’brannagh" are one name. */
export function plainText(text: string | null | undefined): string {
  if (text === null || text === undefined) return "";
  return text
    .normalize("NFKC")
    .toLowerCase()
    .replaceAll(/['’`.,;]/g, "")
    .replaceAll(/\s+/g, " ")
    .trim();
}

/** `undefined` when there is no street. The house number is the last group of digits: "12 Mill Road", "Mühlweg 12", "人民路12号". */
export function addressOf(street: string | null | undefined, town: string | null | undefined): Address | undefined {
  const plain = plainText(street);
  if (plain === "") return undefined;
  const groups = [...plain.matchAll(/\d+/g)];
  const last = groups.at(-1);
  const bare = last === undefined ? plain : plain.slice(0, last.index) + plain.slice(last.index + last[0].length);
  const where = plainText(town);
  return {
    street: `${bare.replaceAll(/\s+/g, " ").trim()}\0${where}`,
    house: last === undefined || last[0].length > 5 ? null : Number(last[0]),
    whole: `${plain}\0${where}`,
  };
}
