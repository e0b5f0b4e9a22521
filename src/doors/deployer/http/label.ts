/** Names as Kubernetes takes them, so that what comes from outside never becomes part of another path. */

export function isLabelName(text: string): boolean {
  return text.length <= 63 && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(text)
}
