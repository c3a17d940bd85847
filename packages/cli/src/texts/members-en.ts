/** What the commands about members say, in English. */

const plural = (n: number, one: string): string => `${n} ${n === 1 ? one : `${one}s`}`;

export const membersEn = {
  commands: {
    init: {
      join: "make keys and organisation.json only: for a ledger that is founded, or was, together with others",
      genesis: "take this complete genesis into a folder that was made with --join",
    },
    genesis: "found a ledger together with others",
    genesisPropose: {
      about: "propose a genesis over the organisation.json files of all, and sign it; this folder's node will order",
      members: "organisation.json of each other founder",
      out: "file to write, for the others to sign one after the other",
    },
    genesisSign: { about: "sign a proposed genesis", file: "the proposed genesis; the signature is added to it" },
    members: { about: "who is a member, with which keys, and what is being voted on" },
    propose: "propose a change to the other members; it carries when enough of them vote for it",
    join: { about: "admit an organisation", file: "its organisation.json" },
    suspend: { about: "refuse everything that an organisation signs, until it is reinstated" },
    reinstate: { about: "let a suspended organisation sign again" },
    remove: { about: "end an organisation's membership for good" },
    recover: {
      about: "replace an organisation's keys after a compromise",
      file: "organisation.json from a fresh folder of that organisation (init --join --id ID)",
    },
    policy: {
      about: "change the rules of decision and the quota",
      members: "share of yes votes that decides on members, such as 1/2",
      rules: "share of yes votes that decides on rules, such as 2/3",
      days: "days for which a proposal stands",
      burst: "events that an organisation may submit at once",
      perSecond: "events that flow back into its quota each second",
    },
    upgrade: { about: "move the state to the next version, on every node at the same block" },
    vote: { about: "vote on a proposal", number: "its number, see anamnesis members", no: "vote against it" },
    leave: { about: "end this organisation's own membership for good", sure: "really" },
    keys: "this organisation's own keys",
    keysRotate: { about: "sign with a fresh key from now on" },
    keysRetire: { about: "let an older key sign no more", id: "its id, see anamnesis members" },
    cosigner: { about: "cosign with a fresh key from now on" },
    person: "persons that this organisation vouches for: the ledger holds a keyed handle, never a name",
    vouch: {
      about: "vouch for a person in one or more roles, or change them",
      name: "name of the person, as in the source",
      role: "a role, such as nurse; may be given several times",
    },
    withdraw: { about: "vouch for a person no more" },
    org: "id of the organisation, see anamnesis members",
  },

  joined: (dir: string) => `Made the folder ${dir}: keys and organisation.json, no ledger yet`,
  joinNext: (file: string) => `Next: give ${file} to the others. Private keys stay in this folder.`,
  proposed: (file: string) => `Wrote the proposed genesis to ${file}`,
  signed: (file: string) => `Signed ${file}`,
  missing: (ids: readonly string[]) => `Still to sign, one after the other: ${ids.join(", ")}`,
  complete: (file: string) =>
    `Every founder has signed. Next, in each founder's folder: anamnesis init DIR --genesis ${file}`,
  adopted: (dir: string, orders: boolean) =>
    orders
      ? `The ledger stands in ${dir}: this node orders.`
      : `The genesis stands in ${dir}: this node follows the one that orders.`,
  adoptedNext: (orders: boolean): string =>
    orders
      ? "Next: write the others' addresses into [members] of anamnesis.toml, give them your address and entries_token, and run: anamnesis node"
      : "Next: write address and token of the node that orders into [orderer] of anamnesis.toml, give it your address, and run: anamnesis node",

  title: (chain: string, epoch: number, size: number) =>
    `${chain}: epoch ${epoch}, ${plural(size, "leaf").replace("leafs", "leaves")}`,
  status: { active: "active", suspended: "suspended", left: "left", removed: "removed" },
  own: "this organisation",
  keyCount: (n: number) => plural(n, "key"),
  noProposals: "Nothing is being voted on.",
  proposals: "Being voted on",
  votes: (yes: number, voters: number) => `${yes} yes of ${voters}`,
  until: "until",

  submitted: "It is on the ledger.",
  proposalNext: (number: string) => `The others vote with: anamnesis vote ${number} --dir DIR (see anamnesis members).`,
  decided: "The vote decided it: see anamnesis members.",
  rotated: (old: string) =>
    `The fresh key signs from now on. Restart a running node, then: anamnesis keys retire ${old}`,
  cosignerRotated: "The fresh key cosigns from now on. Restart a running node.",
  sure: "leaving is for good: say --yes",
};
