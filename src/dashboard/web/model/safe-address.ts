/** Where a link of an object may lead. The server lets nothing else through; the page does not rely on it. */
export function isSafe(address: string): boolean {
  if (!URL.canParse(address)) return false
  const { protocol, username, password } = new URL(address)
  return protocol === 'https:' && username === '' && password === ''
}
