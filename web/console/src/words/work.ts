/** Work that is to be done later or outside, and what a person decides about it. */
import type { WorkAction, WorkKind, WorkState } from '@/api/types'
import { say, type Said, type Words } from './say'

const state: Words<WorkState> = {
  waiting: say('等待', 'Waiting'),
  claimed: say('正在做', 'Under way'),
  unknown: say('不知是否已做', 'May be done'),
  dead: say('做不成', 'Cannot be done'),
  given_up: say('已放弃', 'Given up'),
}

const kind: Words<WorkKind> = {
  reversal: say('向主机冲正', 'Reversal at the host'),
  hold_end: say('锁定到期', 'End of a hold'),
  mail: say('寄出停用申请', 'Stop request by mail'),
  question: say('也问别人设备在不在', 'Ask others about a terminal'),
  question_mail: say('询问设备的邮件', 'Mail asking about a terminal'),
  letter_mail: say('寄出函件', 'Letter by mail'),
  provider_stop: say('请支付机构停用', 'Stop at a provider'),
  reminder: say('提醒', 'Reminder'),
  reminder_mail: say('提醒邮件', 'Reminder by mail'),
  mention_mail: say('点名提问的邮件', 'Mail to who was asked'),
  letter_overdue_mail: say('函件没有答复的邮件', 'Mail about an unanswered letter'),
  duty_mail: say('待办到期的邮件', 'Mail about a duty'),
  digest_mail: say('每天早上的邮件', 'Mail of the day'),
  code_mail: say('验证码邮件', 'Code by mail'),
  registration_mail: say('注册邮件', 'Mail about a registration'),
  registration_check: say('核验注册信息', 'Check of a registration'),
  import: say('核对导入的表格', 'Look through a table'),
  reseal: say('改用最新的密钥加密', 'Move to the newest data key'),
  clean_up: say('清理', 'Clean-up'),
  duties: say('待办与期限', 'Duties and their terms'),
  audit: say('审计日志', 'Audit log'),
  common_points: say('查找共同点', 'Look for common points'),
}

const action: Words<WorkAction> = {
  retry: say('再做一次', 'Do it again'),
  give_up: say('放弃', 'Give up'),
}

const ask: Words<WorkAction> = {
  retry: say('马上再做一次。', 'It will be done again at once.'),
  give_up: say('放弃后不会再做，也不能撤回。', 'It will never be done, and this cannot be taken back.'),
}

/** Why a try failed, by the server's own words for it. */
const why: Record<string, Said<string>> = {
  'it could not be sent': say('没有发出去', 'It could not be sent'),
  'the lines could not be looked through': say('没能核对表格', 'The lines could not be looked through'),
  'the host did not answer': say('主机没有应答', 'The host did not answer'),
  'it names no row of a ledger': say('找不到对应的流水', 'It names no row of a ledger'),
  'what it must carry cannot be read': say('要发送的内容读不出来', 'What it must carry cannot be read'),
  'this node has no host': say('这个节点没有连接主机', 'This node has no host'),
  'the mail was not taken': say('邮件服务器没有收下', 'The mail was not taken'),
  'no mail server is set up': say('还没有设置邮件服务器', 'No mail server is set up'),
  'the stop is not read back yet': say('还没有读回已停用', 'The stop is not read back yet'),
  'whoever was asked is busy': say('对方很忙，晚些再问', 'Whoever was asked is busy'),
  'the store did not take it': say('数据库没有写入', 'The store did not take it'),
  'it is busy': say('对方很忙，晚些再问', 'It is busy'),
  'it knows no such device': say('对方不认识这台设备', 'It knows no such device'),
  'it never told of such a device': say('对方从未提到过这台设备', 'It never told of such a device'),
  'it says that the device works still': say('对方说设备仍可使用', 'It says that the device works still'),
  'its answer is none we know': say('看不懂对方的回复', 'Its answer is none we know'),
  'no key of the provider is kept': say('没有保存这家机构的密钥', 'No key of the provider is kept'),
  'the log is not what it must be': say('审计日志与应有的不符', 'The audit log is not what it must be'),
  'the log’s key cannot be used': say('审计日志的密钥用不了', 'The audit log’s key cannot be used'),
  'the checkpoint could not be written': say('检查点写不进文件夹', 'The checkpoint could not be written'),
  'the folder does not answer': say('检查点的文件夹没有反应', 'The folder for checkpoints does not answer'),
  'the folder has not answered yet': say(
    '检查点的文件夹还没有反应',
    'The folder for checkpoints has not answered yet',
  ),
  'the checkpoint’s mail was not taken': say('检查点邮件没有被收下', 'The checkpoint’s mail was not taken'),
  'nobody knows whether the checkpoint’s mail was taken': say(
    '不知检查点邮件是否被收下',
    'Nobody knows whether the checkpoint’s mail was taken',
  ),
  'no time stamp was given': say('没有拿到时间戳', 'No time stamp was given'),
  'no randomness from the system': say('系统给不出随机数', 'No randomness from the system'),
  'the provider could not be reached': say('连不上核验机构', 'The provider could not be reached'),
  'there is no end to what it asks': say('核验没有结束', 'There is no end to what it asks'),
  'the provider gave up waiting': say('对方等不及，中断了', 'The provider gave up waiting'),
}

export const work = {
  why,
  host_said: say(
    (code: string) => `主机应答 ${code}`,
    (code) => `The host answered ${code}`,
  ),
  state,
  kind,
  action,
  ask,
  lead: say(
    '系统稍后要做，或要外面的人做的事。做不成的，由风控决定。',
    'What is to be done later, or by somebody outside. What cannot be done is for a risk officer to decide.',
  ),
  stuck: say(
    (dead: number, unknown: number) => `等人决定：${dead} 项做不成，${unknown} 项不知是否已做`,
    (dead, unknown) => `Waiting for a decision: ${dead} cannot be done, ${unknown} may have been done`,
  ),
  calm: say('没有等人决定的事', 'Nothing waits for a decision'),
  empty: say('这里没有事项', 'Nothing here'),
  failed: say('待办没有读到', 'The work could not be read'),
  house: say('本系统', 'this system'),
  words: say('说明，会留在记录里', 'In a few words; they are kept'),
  words_needed: say('请写明为什么放弃', 'Say why it is given up'),
  column: {
    state: say('状态', 'State'),
    kind: say('事项', 'What'),
    about: say('对象', 'About'),
    since: say('起于', 'Since'),
    due: say('下次', 'Next'),
    tries: say('次数', 'Tries'),
    error: say('原因', 'Why'),
    decide: say('决定', 'Decide'),
  },
}
