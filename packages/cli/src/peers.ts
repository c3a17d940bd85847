/** The ways from a running node to the other members, over HTTP. */
import { fetchSeals, followedLog, httpWitness, submitOnce } from "@anamnesis/gateway";
import type { Peers } from "@anamnesis/node";

export const httpPeers: Peers = {
  follow: ({ url, token }) => followedLog(url, { entriesToken: token }),
  submit: (orderer) => (transaction, signal) => submitOnce(orderer, transaction, signal),
  seals: ({ url }) => fetchSeals(url),
  ask: (url) => httpWitness(url),
};
