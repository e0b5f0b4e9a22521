/** What people chose for this browser. Nothing of it is secret; a browser that keeps nothing forgets it. */
import { computed, effect, signal } from '@preact/signals'

const themes = ['system', 'light', 'dark'] as const
export type Theme = (typeof themes)[number]

export const theme = signal<Theme>(themes.find((one) => one === kept('theme')) ?? 'system')

const systemDark = matchMedia('(prefers-color-scheme: dark)')
const systemIsDark = signal(systemDark.matches)
systemDark.addEventListener('change', ({ matches }) => {
  systemIsDark.value = matches
})

/** What it comes to; for what cannot follow the style sheet by itself. */
export const dark = computed(() =>
  theme.value === 'system' ? systemIsDark.value : theme.value === 'dark',
)

/** Single letters as commands are in the way of people who speak to their computer. */
export const letterKeys = signal(kept('letter-keys') !== 'off')

export function nextTheme(): void {
  theme.value = themes[(themes.indexOf(theme.value) + 1) % themes.length] ?? 'system'
}

export function keepPreferences(): void {
  effect(() => {
    if (theme.value === 'system') delete document.documentElement.dataset['theme']
    else document.documentElement.dataset['theme'] = theme.value
    keep('theme', theme.value)
  })
  effect(() => keep('letter-keys', letterKeys.value ? 'on' : 'off'))
}

function kept(name: string): string | undefined {
  try {
    return localStorage.getItem(`headgate.${name}`) ?? undefined
  } catch {
    return undefined
  }
}

function keep(name: string, value: string): void {
  try {
    localStorage.setItem(`headgate.${name}`, value)
  } catch {
    // Storage is refused or full: the choice holds until the page is closed.
  }
}
