/** HTTPS_PROXY, HTTP_PROXY and NO_PROXY as Go programs read them. Pure. */

/** The proxy for a URL, or undefined. Loopback addresses never go through one. */
export function proxyFromEnvironment(
  url: string,
  env: Readonly<Record<string, string | undefined>>,
): string | undefined {
  const { protocol, hostname } = new URL(url)
  const name = protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY'
  const proxy = env[name] ?? env[name.toLowerCase()]
  if (proxy === undefined || proxy === '' || isLoopback(hostname)) return undefined
  const exceptions = (env['NO_PROXY'] ?? env['no_proxy'] ?? '').split(',')
  if (exceptions.some((exception) => isExcepted(hostname, exception.trim()))) return undefined
  return proxy.includes('://') ? proxy : `http://${proxy}`
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.')
}

function isExcepted(hostname: string, exception: string): boolean {
  if (exception === '') return false
  if (exception === '*') return true
  const suffix = exception.replace(/^\*/, '').replace(/^\./, '')
  return hostname === suffix || hostname.endsWith(`.${suffix}`)
}
