/** Runs something synchronous in a world without clock, chance, network, process and locale: touching one throws. */
const GLOBALS = [
  ...["Date", "Intl", "process", "fetch", "crypto", "performance", "navigator", "console", "require"],
  ...["setTimeout", "setInterval", "setImmediate", "queueMicrotask", "WebSocket", "XMLHttpRequest", "Worker"],
] as const;

/** Methods whose answer depends on the machine's locale, time zone or chance. */
const METHODS: readonly (readonly [object, readonly string[]])[] = [
  [Math, ["random"]],
  [String.prototype, ["localeCompare", "toLocaleLowerCase", "toLocaleUpperCase"]],
  [Number.prototype, ["toLocaleString"]],
  [BigInt.prototype, ["toLocaleString"]],
  [Array.prototype, ["toLocaleString"]],
  [Object.prototype, ["toLocaleString"]],
];

const NATIVE_DATE = Date;

class Touched extends Error {
  constructor(what: string) {
    super(`a contract reached for ${what}`);
  }
}

/** Everything is put back afterwards, whatever happens. */
export function withoutWorld<T>(run: () => T): T {
  const places: (readonly [object, string])[] = [
    ...["now", "parse", "UTC"].map((name) => [NATIVE_DATE, name] as const),
    ...METHODS.flatMap(([owner, names]) => names.map((name) => [owner, name] as const)),
    ...GLOBALS.map((name) => [globalThis, name] as const),
  ];
  // Looking one up may load another: all are looked up before the first trap.
  const before = places.map(([owner, name]) => Object.getOwnPropertyDescriptor(owner, name));
  try {
    for (const [owner, name] of places) trap(owner, name);
    return run();
  } finally {
    for (const [i, [owner, name]] of places.entries()) {
      const found = before[i];
      if (found === undefined) Reflect.deleteProperty(owner, name);
      else Object.defineProperty(owner, name, found);
    }
  }
}

function trap(owner: object, name: string): void {
  const get = (): never => {
    throw new Touched(name);
  };
  Object.defineProperty(owner, name, { configurable: true, get });
}
