export const a = Math.random()
export {}
