export const a = Date.now()
export {}
