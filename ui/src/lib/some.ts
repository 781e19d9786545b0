/** The usual numbers to choose from, with the one that is set among them. */
export const some = (usual: readonly number[], now: number) =>
  [...new Set([...usual, now])].sort((a, b) => a - b);
