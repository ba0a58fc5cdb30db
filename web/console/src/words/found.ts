/** A terminal found again: one person says so, and how; what was away is looked over; another confirms. */
import type { FoundAs, IncidentEnded, InspectionOutcome, ProblemCode } from '@/api/types'
import { say, type Said, type Words } from './say'

const kind: Words<FoundAs> = {
  false_alarm: say(
    '虚惊一场：一直在店里，没离开过自己人的手',
    'A false alarm: it never left its place or our hands',
  ),
  recovered: say('找回来了：它离开过一阵', 'We have it back: it was away for a while'),
  destroyed: say('找到了，但坏了，或已经销毁', 'It was found broken, or was destroyed'),
}

/** The same in a word, on the time line. */
const kind_short: Words<FoundAs> = {
  false_alarm: say('虚惊', 'a false alarm'),
  recovered: say('找回', 'recovered'),
  destroyed: say('损坏或销毁', 'broken or destroyed'),
}

/** The same of one that looked altered. */
const kind_tampered: Words<FoundAs> = {
  false_alarm: say('看错了：没有人动过它', 'It was a mistake: nobody had altered it'),
  recovered: say('动过手脚，已经修好，要继续用', 'It was altered and is put right: we go on using it'),
  destroyed: say('不再用了：坏了，或已经销毁', 'It is not used any more: broken, or destroyed'),
}

const follows: Words<FoundAs> = {
  false_alarm: say(
    '接下来：第二个人确认，就恢复使用。',
    'Next: a second person confirms, and it is in use again.',
  ),
  recovered: say(
    '离开过的设备不能直接信任。接下来：按清单验机，换新密钥，再由第二个人确认。之前一直停用。',
    'What was away is not trusted. Next: it is inspected by a list, gets new keys, and a second person confirms. Until then it stays stopped.',
  ),
  destroyed: say(
    '接下来：该办的都办完，第二个人确认，结束。它永远停用，密钥作废。',
    'Next: what must follow is done, a second person confirms, and the case ends. It stays stopped for good, without keys.',
  ),
}

const follows_looked = say(
  '接下来：按清单验机，通过后由第二个人确认，就恢复使用。',
  'Next: it is inspected by a list; when it has passed, a second person confirms, and it is in use again.',
)

const outcome: Words<InspectionOutcome> = {
  ok: say('对', 'Right'),
  not_ok: say('不对', 'Not right'),
  not_applicable: say('没有这项', 'Does not apply'),
}

/** What is missing, by the code that a confirmation would be refused with. */
const missing: Partial<Record<ProblemCode, Said<string>>> = {
  inspection_required: say('还差：按清单验机', 'Missing: the inspection'),
  inspection_failed: say('验机没有通过，终端保持停用', 'It did not pass: the terminal stays stopped'),
  new_keys_required: say('还差：换新密钥', 'Missing: new keys'),
  duties_open: say('还差：下面没办完的事', 'Missing: what is left to do below'),
}

export const ended: Words<IncidentEnded> = {
  found: say('已找回', 'Found again'),
  not_found: say('没有找到，已结束', 'Closed: not found'),
  false_alarm: say('虚惊一场，已恢复使用', 'A false alarm: in use again'),
  recovered: say('找回并验过，已恢复使用', 'Recovered and inspected: in use again'),
  destroyed: say('损坏或销毁，永久停用', 'Broken or destroyed: stopped for good'),
}

export const found = {
  title: say('找到了？', 'Found it?'),
  title_tampered: say('查清楚了？', 'Was it looked into?'),
  lead: say(
    '报告找到后，设备仍然停用，等第二个人确认才恢复。',
    'Reporting it found does not start it: it stays stopped until a second person confirms.',
  ),
  seen: say(
    '谁会看到：收单机构风控，和这家商户的账号。',
    'Who will see it: the acquirer’s risk officers and the accounts of this merchant.',
  ),
  undo: say(
    '怎么反悔：再报失一次，马上又停用。',
    'What undoes it: report the loss again and it stops at once.',
  ),
  undo_destroyed: say('确认以后不能反悔。', 'Once confirmed, nothing undoes it.'),
  kind_title: say('是哪一种？', 'Which is it?'),
  kind_needed: say('请选一种。', 'Please choose one.'),
  kind,
  kind_short,
  kind_tampered,
  follows,
  follows_looked,
  statement: say('在哪里、怎么找到的，现在在谁手里', 'Where and how was it found, and who has it now?'),
  statement_tampered: say(
    '谁看过，看到了什么，设备现在在谁手里',
    'Who looked, what was seen, and who has it now?',
  ),
  statement_needed: say('请写一句话。', 'Please write a sentence.'),
  open: say('报告找到了', 'Report it found'),
  open_tampered: say('报告结果', 'Report what came of it'),
  broken: say('它坏了，或已经销毁', 'It is broken, or was destroyed'),
  propose: say('提交，等待确认', 'Send, and wait for confirmation'),
  proposed: say('有人报告找到了，设备仍然停用', 'Reported found, still stopped'),
  proposed_tampered: say('有人报告了结果，设备仍然停用', 'A result was reported, still stopped'),
  proposed_by: say(
    (who: string) => `${who} 报告`,
    (who) => `Reported by ${who}`,
  ),
  step_inspection: say('按清单验机', 'Inspect it by the list'),
  step_keys: say('换新密钥', 'Load new keys'),
  step_duties: say('办完该办的事', 'Do what must follow'),
  step_second: say('第二个人确认', 'A second person confirms'),
  is_done: say('已完成', 'done'),
  is_open: say('还没有', 'open'),
  missing,
  keys_gate: say(
    '由收单机构在这台终端的页面上更换主密钥，再灌进设备。不能用原来的密钥。',
    'The acquirer changes the master key on the terminal’s page and loads it into the device. The old one is not taken.',
  ),
  keys_outside: say(
    '请收单机构换新密钥，把他们给的编号写在验机单里。',
    'Ask the acquirer to load new keys, and write the number they give into the inspection.',
  ),
  second: say(
    '要由另一个人确认：店主，或收单机构的风控，不能是报告的人，也不能是验机的人。请他登录后在这一页确认。',
    'Somebody else must confirm: the owner or the acquirer’s risk officer, neither who reported it nor who inspected it. Ask them to sign in and confirm on this page.',
  ),
  confirm_lead: {
    false_alarm: say(
      '先亲眼确认：设备在手里，没离开过，序列号一致。确认后它马上可以收款。',
      'See for yourself first: the device is here, never left, and the serial number matches. Once confirmed it can take payments at once.',
    ),
    recovered: say(
      '验机通过，密钥是新的。确认后它重新签到，就可以收款。',
      'It passed the inspection and its keys are new. Once confirmed, it signs in anew and can take payments.',
    ),
    destroyed: say(
      '确认后案件结束，这台终端永远停用，它的密钥全部作废。',
      'Once confirmed the case ends, the terminal stays stopped for good, and its keys are ended.',
    ),
  } satisfies Words<FoundAs>,
  confirm: say('我确认，恢复使用', 'I confirm: put it back in use'),
  confirm_destroyed: say('我确认，永久停用', 'I confirm: stopped for good'),
  confirmed: say(
    (by: string) => `${by} 确认`,
    (by) => `Confirmed by ${by}`,
  ),
  share: say('把这一页发给第二个人', 'Send this page to the second person'),
  share_text: say(
    (shop: string, name: string) => `${shop}的“${name}”找到了，请登录确认：`,
    (shop, name) => `“${name}” of ${shop} was found. Please sign in and confirm:`,
  ),
  inspection: {
    title: say('验机', 'Inspection'),
    begin: say('开始验机', 'Begin the inspection'),
    again: say('重新验机', 'Inspect it again'),
    lead: say(
      '拿着设备，一项一项看。有一项不对，就保持停用。',
      'Hold the device and go item by item. One that is not right keeps it stopped.',
    ),
    record: say('记录上是', 'On record'),
    record_none: say('没有记录，拍照留存', 'Nothing is on record: take a photo'),
    seal: say('封签编号', 'seal'),
    firmware: say('固件', 'firmware'),
    outcome,
    item: {
      identity: say('序列号', 'serial number'),
      seals: say('封签', 'seals'),
      housing: say('外壳', 'housing'),
      card_slot: say('卡槽和键盘', 'card slot and keypad'),
      surroundings: say('线缆和周边', 'cables and surroundings'),
      firmware: say('固件和应用', 'firmware and application'),
      start: say('开机', 'start'),
    } as Record<string, Said<string>>,
    note: say('看到了什么', 'What was seen'),
    note_na: say('为什么没有这项', 'Why it does not apply'),
    note_needed: say('要写一句。', 'A few words are needed.'),
    photo: say('拍照', 'Photo'),
    photo_pick: say('已有的附件', 'A file of the case'),
    photo_none: say('没有照片', 'no photo'),
    answer_needed: say('每一项都要选。', 'Each item needs an answer.'),
    keys_reference: say('收单机构换新密钥的编号', 'The acquirer’s number for its new keys'),
    keys_hint: say(
      '还没有换，可以先空着，以后重新验机时再写。',
      'Leave it empty while they are not new; inspect it again then.',
    ),
    send: say('提交验机结果', 'Send the inspection'),
    made: say(
      (number: number, by: string) => `第 ${number} 次 · ${by}`,
      (number, by) => `No. ${number} · ${by}`,
    ),
    passed: say('通过', 'passed'),
    failed: say('没有通过', 'did not pass'),
  },
}
