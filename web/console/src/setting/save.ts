/** Saving a part of the settings: what is saved, what was wrong, and that it is done. */
import { ref } from 'vue'
import { useAct } from '@/act'
import { settings, type Settings, type SettingsChange } from '@/api'

export function useSave(done: (now: Settings) => void) {
  const saved = ref(false)
  const act = useAct(
    (_key, said: SettingsChange) => settings.change(said),
    (now) => {
      saved.value = true
      done(now)
    },
  )
  function save(said: SettingsChange): Promise<boolean> {
    saved.value = false
    return act.run(said)
  }
  return { save, saved, busy: act.busy, problem: act.problem }
}

/** What is typed, or null where the field was emptied. */
export const orNull = (text: string): string | null => text.trim() || null
