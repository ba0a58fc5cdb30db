/** What a held terminal tried to turn back: reversals, voids, refunds; what people decide, and what came of it. */
import type {
  RecordedAction,
  RecordedHindrance,
  RecordedHostState,
  RecordedState,
  RecordedWay,
  RecordedWhich,
} from '@/api/types'
import { say, type Words } from './say'

export const recorded = {
  title: say('停用后要求退回的交易', 'Asked to be turned back while stopped'),
  lead: say(
    '终端停用后要求的冲正、撤销、退货都已拒绝，什么也没有退。是否补办，由本机构的人决定。',
    'Reversals, voids and refunds that the stopped terminal asked for were refused: nothing was turned back. People of the house decide whether to do so.',
  ),
  which: say('只看', 'Only'),
  which_kind: {
    undecided: say('没决定的', 'Not decided'),
    kept: say('主机能冲正的', 'The host can undo'),
    decided: say('已决定的', 'Decided'),
  } satisfies Words<RecordedWhich>,
  empty: say('没有这样的记录。', 'There are none of these.'),
  state: {
    open: say('没决定', 'Not decided'),
    proposed: say('等第二人确认', 'Waits for a second person'),
    carried_out: say('决定补办', 'To be carried out'),
    refused: say('不予补办', 'Refused for good'),
  } satisfies Words<RecordedState>,
  way: {
    host: say('由主机冲正原交易', 'By a reversal of the original at the host'),
    elsewhere: say('由收单机构另行办理', 'By the acquirer, elsewhere'),
  } satisfies Words<RecordedWay>,
  done_elsewhere: say('已另行办理', 'Done elsewhere'),
  reference: say(
    (number: string) => `收单机构编号 ${number}`,
    (number) => `the acquirer’s reference ${number}`,
  ),
  original: say('原交易', 'Of'),
  operator: say(
    (number: string) => `收银员 ${number}`,
    (number) => `cashier ${number}`,
  ),
  /** In a word, beside the request. */
  at_host: {
    asked: say('等主机回答', 'Asked of the host'),
    undone: say('主机已冲正', 'Undone at the host'),
    refused: say('主机拒绝', 'Refused by the host'),
  } satisfies Words<RecordedHostState>,
  host: {
    asked: say('已要求主机冲正，主机还没有回答', 'Asked of the host, which has not answered yet'),
    undone: say('主机已冲正', 'Undone at the host'),
    refused: say(
      '主机拒绝冲正，要在“待办”里决定怎么办',
      'The host refused: somebody has to decide about it among the work',
    ),
  } satisfies Words<RecordedHostState>,
  answer: say(
    (code: string) => `应答码 ${code}`,
    (code) => `answer ${code}`,
  ),
  hindrance: {
    unproven: say(
      '没有证明是这台终端发的，谁都可能发，只能不予补办。',
      'Nothing shows that the terminal sent it; anybody may have. It can only be refused.',
    ),
    counted: say(
      '来得太快，合成一条计数，只能不予补办。',
      'It stands for many that came too fast. It can only be refused.',
    ),
    may_be_done: say(
      '停用时已经发到主机，主机可能已经办了。请先向收单机构核对。',
      'It was at the host when the terminal was stopped, and may have been done. Ask the acquirer first.',
    ),
    no_undoing: say(
      '退货不能由这里冲正。收单机构办了以后，写下它的编号。',
      'No reversal gives this back. Once the acquirer did it, write down its reference.',
    ),
    not_kept: say(
      '冲正要用的内容没有保存：找不到原交易、同一笔已有更早的要求、已存满 100 笔，或已过 30 天。收单机构办了以后，写下它的编号。',
      'What a reversal needs is not kept: its original is not known, an earlier request is about the same, there were 100, or 30 days are over. Once the acquirer did it, write down its reference.',
    ),
    undone: say(
      '原交易已经冲正或撤销，或正在办。',
      'The original is undone already, or is about to be, or something has followed it.',
    ),
    batch_settled: say(
      '原交易的批次已结算，主机不能冲正。收单机构办了以后，写下它的编号。',
      'The original’s batch is over: the host cannot undo it. Once the acquirer did it, write down its reference.',
    ),
    differs: say(
      '金额或卡与原交易不符。收单机构办了以后，写下它的编号。',
      'Amount or card are not the original’s. Once the acquirer did it, write down its reference.',
    ),
  } satisfies Words<RecordedHindrance>,
  action: {
    propose: say('提出补办', 'Propose to carry it out'),
    confirm: say('确认补办', 'Confirm'),
    withdraw: say('撤回', 'Take back'),
    refuse: say('不予补办', 'Refuse for good'),
  } satisfies Words<RecordedAction>,
  ground: say('为什么', 'Why'),
  how: say('怎样补办', 'How'),
  number: say('收单机构编号', 'The acquirer’s reference'),
  number_hint: say('不要写卡号。', 'Never a card number.'),
  hint: {
    propose: say('第二人确认之前什么也不办。', 'Nothing is done until a second person confirms.'),
    confirm: say('确认以后不能改。', 'This cannot be changed afterwards.'),
    withdraw: say('撤回以后仍可再提出。', 'It can be proposed again.'),
    refuse: say('不予补办以后不能改。', 'This cannot be changed afterwards.'),
  } satisfies Words<RecordedAction>,
  /** What its events say. */
  told: {
    recorded_proposed: say('提出补办退回', 'Carrying out proposed'),
    recorded_withdrawn: say('撤回补办的提议', 'Proposal taken back'),
    recorded_carried_out: say('决定补办退回', 'To be carried out'),
    recorded_refused: say('不予补办退回', 'Refused for good'),
  },
  by_proposal: say(
    (who: string) => `${who}提出`,
    (who) => `Proposed by ${who}`,
  ),
  by_decision: say(
    (who: string) => `${who}决定`,
    (who) => `decided by ${who}`,
  ),
}
