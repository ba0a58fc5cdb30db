/**
 * A playbook under the hands of one person: its text, the same as a form, and what the server says of both.
 *
 * Invariant: the text is the truth. The form is read from it by the server, and written back into it by the server;
 * what is typed is never overwritten by an answer to what was typed before.
 */
import { computed, onScopeDispose, ref, shallowRef } from 'vue'
import {
  asProblem,
  playbooks,
  type Playbook,
  type PlaybookChecked,
  type PlaybookForm,
  type Problem,
} from '@/api'
import type { PlaybookSaid } from '@/api/playbooks'

/** After the last key, before the server is asked. */
const PAUSE_MS = 400

const copyOf = (form: PlaybookForm | null): PlaybookForm | null => form && structuredClone(form)

export function useEditing(first: Playbook) {
  /** As it is kept. */
  const kept = shallowRef(first)
  const checked = shallowRef<PlaybookChecked>(first.checked)
  const text = ref(first.checked.text)
  const form = ref(copyOf(first.checked.form))
  /** In which of the two something was changed since it was saved. */
  const changedIn = ref<'text' | 'form' | null>(null)
  const checking = ref(false)
  const problem = shallowRef<Problem | null>(null)
  let turn = 0
  let timer: ReturnType<typeof setTimeout> | undefined

  const said = (): PlaybookSaid =>
    changedIn.value === 'form' && form.value ? { form: form.value } : { text: text.value }

  async function check() {
    const mine = ++turn
    const from = changedIn.value
    checking.value = true
    try {
      const answer = await playbooks.check(said(), kept.value.playbook, kept.value.version)
      if (mine !== turn) return
      checked.value = answer
      problem.value = null
      if (from === 'form') text.value = answer.text
      else form.value = copyOf(answer.form)
    } catch (thrown) {
      if (mine === turn) problem.value = asProblem(thrown)
    } finally {
      if (mine === turn) checking.value = false
    }
  }

  function changed(where: 'text' | 'form') {
    turn++
    changedIn.value = where
    checking.value = true
    clearTimeout(timer)
    timer = setTimeout(check, PAUSE_MS)
  }
  onScopeDispose(() => {
    turn++
    clearTimeout(timer)
  })

  /** Begins again from what is kept. */
  function take(now: Playbook) {
    turn++
    clearTimeout(timer)
    kept.value = now
    checked.value = now.checked
    text.value = now.checked.text
    form.value = copyOf(now.checked.form)
    changedIn.value = null
    checking.value = false
    problem.value = null
  }

  return {
    kept,
    checked,
    text,
    form,
    checking,
    problem,
    said,
    take,
    textChanged: () => changed('text'),
    formChanged: () => changed('form'),
    isUnsaved: computed(() => changedIn.value !== null),
    hasComments: computed(() => changedIn.value !== 'form' && /(^|\s)#/m.test(kept.value.checked.text)),
  }
}

export type Editing = ReturnType<typeof useEditing>
