/** Whether a terminal is with its shop: asked before anybody reports it. */
import type { QuestionState, Watch } from '@/api/types'
import { say, type Words } from './say'

const state: Words<QuestionState> = {
  asked: say('等待回答', 'Waiting for an answer'),
  unsure: say('有人不确定', 'Somebody is not sure'),
  here: say('在店里', 'It is there'),
  missing: say('不在，已报失', 'Missing, and reported'),
  over: say('已过去', 'Over'),
}

const watch: Words<Watch> = {
  off: say('现在不问。', 'Shops are not asked.'),
  ask: say('现在会问。', 'Shops are asked.'),
}

/** What leads there. */
const begin: Words<Watch> = {
  off: say('不再问', 'Ask no more'),
  ask: say('开始问', 'Ask shops'),
}

export const question = {
  state,
  watch,
  begin,
  page: say('设备在吗', 'Is it there?'),
  title: say(
    (terminal: string) => `${terminal}在您手里吗？`,
    (terminal) => `Is ${terminal} with you?`,
  ),
  why: say('它最近的用法和平时不一样：', 'It is not used as it usually is:'),
  look: say(
    '请先看一眼。只是一个问题，设备没有停用。',
    'Please look first. This only asks: nothing was stopped.',
  ),
  here: say('在我这里', 'Yes, it is here'),
  missing: say('不在，马上停用', 'No: stop it now'),
  missing_outside: say('不在，马上报失', 'No: report it now'),
  unsure: say('不确定', 'Not sure'),
  asked_at: say('提问：', 'Asked'),
  passed_on: say('没人回答，已经也问了别人。', 'Nobody has answered, and others are asked, too.'),
  others_know: say('有人说不确定。您知道吗？', 'Somebody was not sure. Do you know?'),
  answered: say(
    (by: string) => `${by} 回答了`,
    (by) => `Answered by ${by}`,
  ),
  thanks: say('记下了：它在。', 'Noted: it is there.'),
  to_case: say('看这次报失', 'See the report'),
  open: say('要问的设备', 'Terminals to be asked about'),
  setting: say('像被盗的设备', 'Terminals used as if stolen'),
  setting_lead: say(
    '经过本系统接入口的交易，和上传的账单里的，系统都会看。用法突然不像平时，就问店里设备在不在，一台一周最多问一次。问不会停用设备。',
    'Payments that pass our gate, or stand in a statement that was brought, are looked at. When a terminal is suddenly used otherwise, its shop is asked whether it is there, once a week at most. Asking stops nothing.',
  ),
}
