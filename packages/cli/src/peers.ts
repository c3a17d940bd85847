/** The ways from a running node to the other members, over HTTP. */
import { fetchSeals, fetchWithheld, followedLog, httpWitness, submitOnce } from "@anamnesis/gateway";
import type { Peers } from "@anamnesis/node";

export const httpPeers: Peers = {
  follow: ({ url, token }, signal) => followedLog(url, { entriesToken: token, signal }),
  submit: (orderer) => (transaction, signal, onPromise) => submitOnce(orderer, transaction, signal, onPromise),
  seals: ({ url }, signal) => fetchSeals(url, { signal }),
  withheld: (url, signal) => fetchWithheld(url, { signal }),
  ask: (url, signal) => httpWitness(url, { signal }),
};
