/** Whether the terminal itself sent a request. What was only sent in its name is not told as what the device did. */
import type { IncidentSummary, Proof } from '@/api/types'
import { plural, say, type Words } from './say'

type Counted = Pick<IncidentSummary, 'attempt_count' | 'unproven_attempt_count'>
const parts = (of: Counted) =>
  [of.attempt_count - of.unproven_attempt_count, of.unproven_attempt_count] as const

export const proof = {
  is: {
    proven: say('已证实', 'Proven'),
    unproven: say('未证实', 'Not proven'),
  } satisfies Words<Proof>,
  means: {
    proven: say('校验码证明是这台终端发来的', 'its code shows that this terminal sent it'),
    unproven: say(
      '没有校验码，或校验码不对：知道终端号的人都能发',
      'without a code, or with a wrong one: whoever knows the terminal’s number can send it',
    ),
  } satisfies Words<Proof>,
  doubt: say('不能确定来自这台设备', 'perhaps not from this device'),
  in_its_name: say(
    (what: string, outcome: string) => `有人用它的终端号发来请求：${what}，${outcome}`,
    (what, outcome) => `Sent in its name: ${what}, ${outcome.toLowerCase()}`,
  ),
  attempts: say(
    (of: Counted) => {
      const [proven, unproven] = parts(of)
      if (!unproven) return `${proven} 次尝试`
      return proven
        ? `${proven} 次尝试，另有 ${unproven} 次不能确定来自它`
        : `${unproven} 次请求用了它的终端号，不能确定来自它`
    },
    (of) => {
      const [proven, unproven] = parts(of)
      if (!unproven) return plural(proven, 'attempt')
      return proven
        ? `${plural(proven, 'attempt')}, and ${unproven} in its name, perhaps not from it`
        : `${plural(unproven, 'request')} in its name, perhaps not from it`
    },
  ),
  of_them: say(
    (count: number) => `其中未证实 ${count} 次`,
    (count) => `${count} of them not proven`,
  ),
  times: say(
    (what: string, count: number) => `${what} ${count} 次`,
    (what, count) => `${what}, ${count} times`,
  ),
}
