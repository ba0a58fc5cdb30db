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
  off: say('不问', 'Do not ask'),
  ask: say('问店里', 'Ask the shop'),
  hold: say('问店里，30 分钟没人回答就先停用', 'Ask, and stop it when nobody has answered for 30 minutes'),
}

export const question = {
  state,
  watch,
  page: say('设备在吗', 'Is it there?'),
  title: say(
    (terminal: string) => `${terminal}在您手里吗？`,
    (terminal) => `Is ${terminal} with you?`,
  ),
  why: say('它最近的用法和平时不一样：', 'It is not used as it usually is:'),
  why_common: say(
    '这不说明店里有问题。请看它在不在，读卡口和外壳有没有被动过：',
    'This is no word against the shop. Please look whether it is there, and whether anybody has touched its slot or case:',
  ),
  look: say(
    '请先看一眼。只是一个问题，设备没有停用。',
    'Please look first. This only asks: nothing was stopped.',
  ),
  look_first: say('请先看一眼。现在没有停用。', 'Please look first. Nothing was stopped yet.'),
  holds_at: say('没人回答的话，停用时间：', 'If nobody answers, it is stopped at'),
  held: say('已停用，停用时间：', 'It was stopped for that at'),
  held_until: say('回答“在我这里”就解除。', 'The answer that it is here lifts that.'),
  lifted: say('因为没人回答的停用已解除。', 'What stopped it for want of an answer is lifted.'),
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
  setting_choice: say('怎么做', 'What is done'),
  setting_lead: say(
    '经过本系统接入口的交易，和上传的账单里的，系统都会看。用法突然不像平时，就问店里设备在不在，一台一周最多问一次。只有选了先停用，没人回答的设备才会停，而且只停经过接入口的，一天最多 20 台，有人回答“在”就恢复。',
    'Payments that pass our gate, or stand in a statement that was brought, are looked at. When a terminal is suddenly used otherwise, its shop is asked whether it is there, once a week at most. Only where you choose so does nobody’s answer stop it: at our gate alone, 20 terminals a day at most, until somebody answers that it is there.',
  ),
}
