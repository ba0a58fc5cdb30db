/**
 * A set of rules under the hands of one person, and what the server says is wrong with it.
 *
 * Invariant: what is typed is never overwritten by an answer to what was typed before.
 */
import { computed, onScopeDispose, ref, shallowRef } from 'vue'
import { asProblem, type Problem, type RuleMistake, type RuleSet, type RuleSetRule } from '@/api'
import { ruleSets } from '@/api/screening'

/** After the last key, before the server is asked. */
const PAUSE_MS = 400

/** A rule to begin with: in shadow, under a name that none of them has. */
export function another(rules: RuleSetRule[]): RuleSetRule {
  let number = rules.length + 1
  while (rules.some(({ code }) => code === `rule_${number}`)) number++
  return { code: `rule_${number}`, text_zh: '', text_en: '', when: '', points: 200, stage: 'shadow' }
}

const copyOf = (it: RuleSet): RuleSetRule[] => structuredClone(it.rules ?? [])

export function useEditing(first: RuleSet) {
  /** As it is kept. */
  const kept = shallowRef(first)
  const rules = ref(copyOf(first))
  const wrong = shallowRef<RuleMistake[]>([])
  const checking = ref(false)
  const problem = shallowRef<Problem | null>(null)
  let turn = 0
  let timer: ReturnType<typeof setTimeout> | undefined

  async function check() {
    const mine = ++turn
    try {
      const answer = await ruleSets.check(rules.value)
      if (mine !== turn) return
      wrong.value = answer.wrong
      problem.value = null
    } catch (thrown) {
      if (mine === turn) problem.value = asProblem(thrown)
    } finally {
      if (mine === turn) checking.value = false
    }
  }
  function stop() {
    turn++
    clearTimeout(timer)
  }
  function changed() {
    stop()
    checking.value = true
    timer = setTimeout(check, PAUSE_MS)
  }
  onScopeDispose(stop)

  /** Begins again from what is kept. */
  function take(now: RuleSet) {
    stop()
    kept.value = now
    rules.value = copyOf(now)
    wrong.value = []
    checking.value = false
    problem.value = null
  }
  const isUnsaved = computed(() => JSON.stringify(rules.value) !== JSON.stringify(kept.value.rules ?? []))

  return { kept, rules, wrong, checking, problem, changed, take, isUnsaved }
}
