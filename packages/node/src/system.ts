/** The outside world of a member's process, handed to the pure packages as arguments. */
import type { Clock } from "@anamnesis/core";

export { native as primitives } from "@anamnesis/crypto/native";

export const systemClock: Clock = { now: () => Date.now() };
