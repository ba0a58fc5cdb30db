/** Evidence packs: for whom, and what is in one. */
import type { PackFor } from '@/api'
import { say, type Words } from './say'

const audience: Words<PackFor> = {
  police: say('给公安机关', 'For the police'),
  bank: say('给收单机构或银行', 'For the acquirer or the bank'),
  insurer: say('给保险公司', 'For the insurer'),
  court: say('给法院', 'For a court'),
}

const has: Words<PackFor> = {
  police: say(
    '报案材料、报失经过、丢失前后的交易和当班收银员、附件、公安机关给的编号。',
    'The packet for the report, what was said of the loss, the payments around it and who was on shift, files, and what the police gave.',
  ),
  bank: say(
    '停用申请和结果、丢失前后的交易、与收单机构有关的附件。没有收银员，没有店里自己的附件。',
    'The request to stop the terminal and what came of it, the payments around the loss, files about the acquirer. No cashiers, no files of your own.',
  ),
  insurer: say(
    '理赔报告、报失经过、停用申请、公安机关的编号和文书。没有顾客的交易。',
    'The claim report, what was said of the loss, the request to stop, and the papers of the police. No customers’ payments.',
  ),
  court: say(
    '全部：包括每一步是谁做的，以及同事之间的留言。',
    'All of it: also who did each step, and what colleagues said to each other.',
  ),
}

export const pack = {
  title: say('证据包', 'Evidence pack'),
  text: say(
    '一个压缩包：文件、原件，和证明它们没有改过的记录。对方不用我们的软件也能核对（包里有 VERIFY.txt）。撤回的附件不在里面。',
    'A zip with documents, originals, and the records that prove nothing was changed since. Others verify it without our software: see VERIFY.txt in it. Files that were taken back are not in it.',
  ),
  for: audience,
  has,
  make: say('制作', 'Make it'),
  come: say(
    (come: string, of: string) => `已下载 ${come} / ${of}`,
    (come: string, of: string) => `${come} of ${of}`,
  ),
  wait: say(
    '正在制作，通常几秒；附件多时要一两分钟。请不要关闭此页。',
    'It is being made: seconds, or a minute or two with many files. Please keep this page open.',
  ),
  had: say('已保存到您的设备。', 'Saved on your device.'),
}
