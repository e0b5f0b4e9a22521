setTimeout(() => 1, 1)
export {}
