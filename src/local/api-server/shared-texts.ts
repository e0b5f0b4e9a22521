/** Texts that many objects have in common, the spec of all pods of one template say: each is kept once. */

const texts = new Map<string, string>()
/** Beyond these all are forgotten. Whoever has one keeps it; only later texts are others. */
const keptTexts = 5000
/** Shorter ones are not worth the search, longer ones are hardly ever shared. */
const lengths = { min: 64, max: 16_384 }

/** The one text that is like this one. */
export function sharedText(text: string): string {
  if (text.length < lengths.min || text.length > lengths.max) return text
  const known = texts.get(text)
  if (known !== undefined) return known
  if (texts.size >= keptTexts) texts.clear()
  texts.set(text, text)
  return text
}
