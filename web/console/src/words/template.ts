/** Templates of the house's documents. */
import type { TemplateName } from '@/api/types'
import { say, type Words } from './say'

export const template = {
  lead: say(
    '文件的版式可以改成自己的：抬头、说明、栏目。内容仍来自每个事件的记录。改好的版本由另一个人签发后才使用；用它排不出来时，自动改用随软件提供的版式，并在记录里写明。',
    'What documents look like can be your own: letterhead, notes, columns. What they say still comes from each case. A version is used once a second person has signed it off; where one cannot be set, the one that comes with the software is, and the record says so.',
  ),
  name: {
    police_packet: say('报案材料', 'Packet for the police'),
    fact_sheet: say('理赔报告和结案报告', 'Claim report and closing report'),
    inquiry_letter: say('函件', 'Letters'),
  } satisfies Words<TemplateName>,
  built_in: say('随软件提供的版式', 'the one that comes with the software'),
  used: say(
    (which: string) => `现在使用：${which}`,
    (which) => `Used now: ${which}`,
  ),
  begin: say('写一个新版本', 'Write a new version'),
  text: say('模板（Typst）', 'Template (Typst)'),
  text_hint: say(
    '排版语言是 Typst。读不了文件，上不了网，时间和内存都有上限；sys.inputs.data 是事件的数据。',
    'The language is Typst. It reaches no file and no network, and its time and memory are limited; sys.inputs.data holds what is known of the case.',
  ),
  save: say('保存草稿', 'Save the draft'),
  saved: say('已保存', 'Saved'),
  look: say('用示例数据看一看', 'Look at it with invented data'),
  preview: say('生成样张（PDF）', 'Make an example (PDF)'),
  had: say('样张已下载', 'The example is downloaded'),
  language: say('语言', 'Language'),
  known: say('示例数据', 'Invented data'),
  known_of: {
    all: say('什么都有', 'All that can be known'),
    few: say('什么都缺', 'As little as there can be'),
  },
  not_set: say(
    '自己的模板排不出来，用了随软件提供的版式',
    'your own template could not be set; the one that comes with the software was',
  ),
  line: say(
    (line: number) => `到第 ${line} 行`,
    (line) => `Go to line ${line}`,
  ),
  tried: say(
    '送签前，系统会用示例数据按两种语言排一遍；排不出来不能送签。',
    'Before it is proposed it is set with invented data in both languages; what cannot be set is not proposed.',
  ),
}
