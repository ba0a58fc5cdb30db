/** Playbooks: what must follow a loss, as this house has it. */
import type { PlaybookWrongCode } from '@/api/types'
import { plural, say, type Said, type Words } from './say'

const name: Record<string, Said<string>> = {
  stolen: say('被盗', 'Stolen'),
  lost: say('遗失或不清楚', 'Lost, or nobody knows'),
  tampered: say('可能被改装', 'Possibly altered'),
  found: say('找到之后', 'Found again'),
}

const field: Record<string, Said<string>> = {
  playbook: say('预案', 'Playbook'),
  version: say('版本', 'Version'),
  manners: say('适用情形', 'For'),
  duties: say('待办', 'Duties'),
  duty: say('内部名称', 'Name'),
  title_zh: say('中文标题', 'Title in Chinese'),
  title_en: say('英文标题', 'Title in English'),
  whose: say('谁做', 'Whose'),
  only: say('只在', 'Only where'),
  found: say('怎样找到的', 'After which finds'),
  if_done: say('只在这项办过时', 'Only where this was done'),
  rule: say('依据', 'Rule'),
  from: say('从什么时候算起', 'Counted from'),
  within: say('期限', 'Within'),
  proof: say('用什么证明', 'Proof'),
  takes_file: say('也可以交文件', 'A file shows it too'),
  blocks_closing: say('不办完不能结束', 'Keeps the case from being closed'),
  not_needed: say('谁能说不需要', 'Who may say it is not needed'),
  after: say('在这些之后', 'After'),
}

const word: Record<string, Record<string, Said<string>>> = {
  whose: { shop: say('店里', 'The shop'), acquirer: say('收单机构', 'The acquirer') },
  only: {
    outside: say('终端由外面的收单机构管', 'An acquirer outside decides about the terminal'),
    gate: say('终端由本系统的网关管', 'This house’s gate decides about it'),
  },
  proof: { reference: say('对方给的编号', 'A number they gave'), statement: say('文字说明', 'A statement') },
  not_needed: {
    ground: say('一个人，写明理由', 'One person, with a ground'),
    two_people: say('两个人，写明理由', 'Two people, with a ground'),
    never: say('谁都不能', 'Nobody'),
  },
  found: {
    false_alarm: say('误报', 'False alarm'),
    recovered: say('找回', 'Recovered'),
    destroyed: say('找到时已损坏', 'Found broken'),
  },
  takes_file: { true: say('是', 'Yes'), false: say('否', 'No') },
  blocks_closing: { true: say('是', 'Yes'), false: say('否', 'No') },
}

const wrong = {
  too_long: say('太长了。', 'It is too long.'),
  unreadable: say('这不是能读的 YAML。', 'This is no YAML that can be read.'),
  not_fields: say('这里应该是一组“字段: 值”。', 'Here should be fields with their values.'),
  not_a_list: say('这里应该是列表，例如 [a, b]。', 'Here should be a list, like [a, b].'),
  not_a_text: say('这里应该是文字；数字请加引号。', 'Here should be a text; put quotes around a number.'),
  not_a_number: say('这里应该是从 1 起的整数。', 'Here should be a whole number from 1.'),
  not_yes_or_no: say('这里应该是 true 或 false。', 'Here should be true or false.'),
  missing: say('缺这一项。', 'It is missing.'),
  unknown_field: say('没有这个字段。', 'There is no such field.'),
  not_a_word: say('只能是这些之一：', 'It is one of these:'),
  not_a_name: say(
    '名称只能用小写字母、数字和 _，最多 40 个。',
    'A name has small letters, digits and _, at most 40.',
  ),
  not_a_title: say('标题要写，最多 120 个字。', 'A title says something, in at most 120 characters.'),
  count: say('要有 1 到 60 项待办。', 'There are 1 to 60 duties.'),
  twice: say('有两项同名。', 'There are two of that name.'),
  unknown_rule: say('没有这条依据。', 'There is no such rule.'),
  not_before: say('它之前没有这一项：', 'This one does not come before it:'),
  not_a_term: say(
    '期限要写成 at once、24 hours、2 days 或 2 working days。',
    'A term is at once, 24 hours, 2 days or 2 working days.',
  ),
  other_name: say('名称应该是：', 'Its name should be:'),
  other_version: say('版本应该是：', 'Its version should be:'),
  other_manners: say('适用情形应该是：', 'It should be for:'),
  keeps_stopped: say(
    '这一项保证找到的终端先不启用，不能改。应该是：',
    'This keeps a found terminal stopped and stays as it is:',
  ),
  of_a_find: say('找到之后的待办要这样写：', 'What follows from a find has to be so:'),
  only_of_a_find: say('只有“找到之后”的待办能这样写。', 'Only what follows from a find says that.'),
  reserved: say('这个名称系统另有用处。', 'The software uses that name for something else.'),
} satisfies Words<PlaybookWrongCode>

export const playbook = {
  lead: say(
    '终端丢了以后，接下来要做什么、谁做、到什么时候。改动要第二个人签发，只影响以后的新事件。',
    'What must follow a loss, by whom, and until when. A change is signed off by a second person, and only later cases follow it.',
  ),
  followed: say('按预案', 'By the playbook'),
  name,
  field,
  word,
  wrong,
  named: say(
    (name: string, version: number) => `${name} · 第 ${version} 版`,
    (name, version) => `${name} · version ${version}`,
  ),
  term: {
    hours: say(
      (count: number) => `${count} 小时`,
      (count) => plural(count, 'hour'),
    ),
    days: say(
      (count: number) => `${count} 天`,
      (count) => plural(count, 'day'),
    ),
    working_days: say(
      (count: number) => `${count} 个工作日`,
      (count) => plural(count, 'working day'),
    ),
  },
  built_in: say('随软件提供', 'Comes with the software'),
  own: say('自己的', 'Our own'),
  follows: say(
    (version: number) => `新事件按第 ${version} 版`,
    (version) => `New cases follow version ${version}`,
  ),
  unreadable: say(
    '自己的版本用了这个软件版本不认识的内容，暂时按随软件提供的办。请改好再送签。',
    'Our own version says something that this version of the software does not know: what comes with it is followed meanwhile. Mend it and propose it anew.',
  ),
  begin: say('从这一版起草', 'Write a version from this'),
  waits: say('等你签发', 'Waits for your signature'),
  alone: say(
    '写的人不能自己签发，这里还没有第二个有权限的人。',
    'Whoever writes it cannot sign it off, and nobody else here may yet.',
  ),
  invite: say('去邀请', 'Invite somebody'),
  view: {
    form: say('表单', 'Form'),
    text: say('文字', 'Text'),
    drawing: say('图', 'Drawing'),
    changes: say('改了什么', 'Changes'),
  },
  unsaved: say('还没有保存', 'Not saved yet'),
  saved: say('已保存', 'Saved'),
  checking: say('正在检查…', 'Checking…'),
  leave: say('改动还没有保存，确定离开？', 'What you changed is not saved. Leave all the same?'),
  right: say('没有发现错误。', 'Nothing is wrong with it.'),
  wrongs: say(
    (count: number) => `${count} 处有错，改好才能送签`,
    (count) => `${plural(count, 'thing')} wrong; it can be proposed once that is put right`,
  ),
  line: say(
    (line: number) => `第 ${line} 行`,
    (line) => `Line ${line}`,
  ),
  text_hint: say('按 Tab 离开文字框。缩进用空格。', 'Tab leaves the text. Indent with blanks.'),
  comments: say(
    '文字里有注释（#）。在表单里改动并保存，注释会没有。',
    'The text has comments (#). Once something is changed in the form and saved, they are gone.',
  ),
  no_form: say(
    '文字有错，表单还读不出来。请先在“文字”里改好。',
    'The text cannot be read as a form so far. Mend it under “Text” first.',
  ),
  add: say('添加一项', 'Add a duty'),
  remove: say('删除这一项', 'Remove it'),
  up: say('上移', 'Move up'),
  down: say('下移', 'Move down'),
  untitled: say('（没有标题）', '(no title)'),
  anywhere: say('都适用', 'Everywhere'),
  no_rule: say('没有法律依据', 'No law asks for it'),
  no_term: say('没有期限', 'Without a limit'),
  within_hint: say(
    'at once、24 hours、2 days、2 working days；不写就没有期限',
    'at once, 24 hours, 2 days, 2 working days; empty: without a limit',
  ),
  second_hand: say('只读到转载：请核对原文', 'Read in a reprint only: check its text'),
  not_found: say('没有人见过原文：这一项不启用', 'Nobody has seen its text: the duty is switched off'),
  china: say('在中国大陆有效', 'Holds in mainland China'),
  everywhere: say('各地有效', 'Holds everywhere'),
  blocks: say('不办完不能结束', 'Blocks closing'),
  drawing: say('待办之间的先后', 'What follows what'),
  same: say('和比较的版本一样。', 'It says the same.'),
  against_used: say(
    (version: number) => `和在用的第 ${version} 版比`,
    (version) => `Against version ${version}, in use`,
  ),
  against_built_in: say('和随软件提供的比', 'Against what comes with the software'),
  change: {
    added: say('新增', 'Added'),
    removed: say('删除', 'Removed'),
    changed: say('改动', 'Changed'),
    moved: say('换了位置', 'Moved'),
  },
  nothing: say('（无）', '(nothing)'),
  warnings: say(
    '下面这些比法规或系统要求的少。请逐条看过并勾选：',
    'These ask less than a law does, or the software counts on. Look at each and tick it:',
  ),
  warnings_hint: say('签发的人要逐条勾选这些：', 'Whoever signs it off has to tick these:'),
  warning_missing: say(
    (duty: string) => `少了“${duty}”`,
    (duty) => `“${duty}” is missing`,
  ),
  warning_weaker: say(
    (duty: string, field: string) => `“${duty}”的“${field}”放宽了`,
    (duty, field) => `“${duty}” asks less: ${field}`,
  ),
  by_itself: say('系统会自动办结这一项', 'The software ends this one by itself'),
  sign_lead: say(
    '签发后，新报的事件就按这一版办；已有的事件不变。',
    'Once it is signed off, new cases follow it. Those there are do not change.',
  ),
  end_lead: say(
    '签发后这一版停用，新事件按随软件提供的办。',
    'Once you agree it is used no more: new cases follow what comes with the software.',
  ),
  theirs: say(
    '别人保存了新的文字；你写的还在这里。',
    'Somebody has saved another text; yours is still here.',
  ),
  take_theirs: say('用别人的，放弃我的', 'Take theirs, give mine up'),
  over_theirs: say('用我的覆盖', 'Write mine over it'),
  see_theirs: say('看别人保存的', 'See theirs'),
}
