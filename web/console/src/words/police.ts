/** The case at the police, as its papers say. */
import type { PoliceAction, PoliceState } from '@/api/types'
import { say, type Words } from './say'

export const police = {
  title: say('公安机关', 'The police'),
  state: {
    not_reported: say('还没有报案', 'Not reported yet'),
    reported: say('已报案', 'Reported'),
    accepted: say('已受案', 'Receipt given'),
    filed: say('已立案', 'Case opened'),
    not_filed: say('不予立案', 'No case opened'),
    review_asked: say('已申请复议', 'Review asked for'),
    upheld: say('复议维持不予立案', 'Refusal upheld'),
    ended: say('已结案或撤案', 'Case ended'),
  } satisfies Words<PoliceState>,
  /** What the state means for whoever reads it. */
  means: {
    not_reported: say(
      '去派出所时带上报案材料。拿到什么纸，就在这里记什么。',
      'Take the packet to the station. Whatever paper you get, write it down here.',
    ),
    reported: say(
      '口头报过了，还没有受案回执。普通遗失可能只登记，不给回执。',
      'Reported by word, without a receipt so far. A plain loss may only be noted, with no receipt.',
    ),
    accepted: say(
      '受案不等于立案：要不要立案，公安机关还会决定。',
      'A receipt is not a case: the police have yet to decide whether to open one.',
    ),
    filed: say('公安机关在办。', 'The police are on it.'),
    not_filed: say(
      '不服的，收到通知书后 7 天内可以向同一机关申请复议。',
      'Whoever disagrees may ask the same office for a review within 7 days of the notice.',
    ),
    review_asked: say('等复议决定。', 'Waiting for the answer.'),
    upheld: say('复议没有改变决定。', 'The review changed nothing.'),
    ended: say('公安机关的案子结束了。', 'The police’s case is over.'),
  } satisfies Words<PoliceState>,
  action: {
    report: say('已报案，没有纸', 'Reported, no paper'),
    accept: say('拿到受案回执', 'They gave a receipt'),
    file: say('立案了', 'They opened a case'),
    do_not_file: say('不予立案', 'They opened none'),
    ask_review: say('申请了复议', 'A review was asked for'),
    uphold: say('复议维持原决定', 'The refusal was upheld'),
    end: say('结案或撤案', 'Their case ended'),
    take_back: say('记错了', 'That was wrong'),
  } satisfies Words<PoliceAction>,
  number: say('文书编号', 'Number on the paper'),
  number_maybe: say('文书编号（有就填）', 'Number on the paper, if any'),
  office: say('办案单位', 'Which office'),
  office_hint: say('例如“南京东路派出所”', 'For example the name of the station'),
  on: say('文书日期', 'Date on the paper'),
  on_hint: say(
    (zone: string) => `按终端所在地的日期（${zone}）`,
    (zone) => `By the terminal’s calendar (${zone})`,
  ),
  scan: say('照片或扫描件', 'A picture or a scan of it'),
  scan_hint: say(
    '可以不附。附上以后，它也在给公安、保险和法院的证据包里。',
    'Optional. It goes into the evidence packs for the police, the insurer and a court.',
  ),
  scan_withdrawn: say('文件已撤回', 'The file was taken back'),
  write: say('记一笔', 'Write it down'),
  why: say('哪里记错了', 'What was wrong'),
  taken_back: say(
    (who: string) => `${who} 撤回，不算`,
    (who) => `Taken back by ${who}: does not count`,
  ),
}
