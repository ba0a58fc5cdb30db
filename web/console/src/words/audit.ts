/** The page of record: who did what, and that nobody has changed it since. */
import type { AuditWrong } from '@/api/types'
import { say, type Said, type Words } from './say'

const subject: Record<string, Said<string>> = {
  terminal: say('终端', 'Terminal'),
  incident: say('事件', 'Incident'),
  account: say('账号', 'Account'),
  contact: say('联系人', 'Contact'),
  merchant: say('商户', 'Merchant'),
  shop: say('门店', 'Shop'),
  operator: say('收银员', 'Operator'),
  setting: say('系统设置', 'Settings'),
  invitation: say('邀请', 'Invitation'),
  import: say('导入', 'Import'),
  registration: say('注册', 'Registration'),
  work: say('待办', 'Work'),
  custom_role: say('自定义角色', 'Custom role'),
  api_key: say('API 密钥', 'API key'),
  attachment: say('附件', 'File'),
  photo: say('终端照片', 'Photo of a terminal'),
  revision: say('预案和模板的版本', 'Version of a playbook or a template'),
  settlement_hold: say('暂缓结算', 'Settlement hold'),
  suspicious_report: say('可疑交易报告', 'Suspicious-transaction report'),
  withheld: say('保密事项', 'Something withheld'),
  statement: say('账单文件', 'Statement'),
  ledger: say('交易流水', 'Ledger'),
}

const wrong: Words<AuditWrong> = {
  leaf_differs: say('记录被改过', 'A record was changed'),
  record_missing: say('记录不见了', 'A record is gone'),
  node_differs: say('日志里的校验值被改过', 'A hash in the log was changed'),
  leaf_missing: say('日志里少了一条', 'The log lacks a record'),
  unsealed: say('有记录没有写入日志', 'A record is not in the log'),
  gap: say('中间少了一条', 'A record in between is gone'),
}

/** Who has no account, as the record calls them: nobody by name. */
export const outsiders: Record<string, Said<string>> = {
  applicant: say('申请人', 'The applicant'),
  stranger: say('未登录的人', 'Somebody not signed in'),
}

export const audit = {
  subject,
  wrong,
  lead: say(
    '谁在什么时候做了什么。每条都签在日志里，事后谁也改不了。',
    'Who did what, and when. Each is signed into the log, and nobody can change it afterwards.',
  ),
  sound: say(
    (size: string) => `共 ${size} 条，没有发现改动`,
    (size) => `${size} records, none found changed`,
  ),
  sound_but: say(
    (size: string) => `共 ${size} 条；发现的异常都已查明`,
    (size) => `${size} records; what was found is understood`,
  ),
  first_of: say(
    (count: string) => `共 ${count} 项异常，下面是其中 100 项。`,
    (count) => `${count} findings, of which these are 100.`,
  ),
  unsound: say(
    '日志与应有的不符。先保留一份数据库。',
    'The log is not as it must be. First keep a copy of the store.',
  ),
  understood: say(
    (who: string) => `${who} 已查明`,
    (who) => `${who} has understood it`,
  ),
  earlier: say('已查明的异常', 'Found before, and understood'),
  acknowledge: say('已查明原因', 'It is understood'),
  acknowledge_lead: say(
    '写下查到的原因。这条异常仍留在记录里，不再告警；您写的话也会写入日志，改不了。',
    'Say what came of looking into it. It stays in the record and is no alarm any more; what you write becomes part of the log and cannot be changed.',
  ),
  reason: say('原因', 'What it was'),
  reason_needed: say('请写下原因', 'Say what it was'),
  late: say('有记录迟迟没有写入日志。', 'Records have waited too long to become part of the log.'),
  waiting: say(
    (count: number) => `另有 ${count} 条几秒内写入`,
    (count) => `${count} more within seconds`,
  ),
  kept: {
    stamped: say('时间戳', 'stamped'),
    dropped: say('存到外部文件夹', 'in the folder outside'),
    mailed: say('寄到外部邮箱', 'mailed'),
  },
  search: say('谁做的：登录名、终端号、节点', 'Who did it: a log-in, a terminal, a node'),
  about: say('关于哪一个：编号', 'About which one'),
  from: say('从', 'From'),
  to: say('到', 'To'),
  zone: say(
    (zone: string) => `时间按 ${zone}`,
    (zone) => `Times in ${zone}`,
  ),
  column: {
    at: say('时间', 'When'),
    actor: say('谁', 'Who'),
    verb: say('做了什么', 'What'),
    subject: say('关于', 'About'),
    text: say('内容', 'Particulars'),
    index: say('编号', 'Number'),
  },
  rows: say(
    (from: number, to: number) => `流水 ${from} 至 ${to}`,
    (from, to) => `Rows ${from} to ${to}`,
  ),
  failed: say('审计日志没有读出来', 'The audit log could not be loaded'),
  empty_title: say('还没有记录', 'No records yet'),
  empty_text: say('有人做了什么，几秒后就在这里。', 'What somebody does is here a few seconds later.'),
  no_match: say('没有符合条件的记录', 'No record fits'),
  record: say(
    (index: string) => `第 ${index} 条记录`,
    (index) => `Record ${index}`,
  ),
  verify: say('在这里核对', 'Verify it here'),
  verifying: say('正在核对…', 'Verifying…'),
  verified: say(
    '核对无误：这条记录在日志里，没有被改过。',
    'Verified: this record is in the log, unchanged.',
  ),
  not_verified: say('没有全部核对通过，见下面各步。', 'Not all of it verified: see the steps.'),
  malformed: say('服务器给的证明看不懂。', 'The server’s proof cannot be read.'),
  no_crypto: say(
    '这个浏览器在没有加密的连接上不能计算。请用 HTTPS 打开，或用 tillguard verify 核对。',
    'This browser computes nothing over an unencrypted connection. Open it by HTTPS, or use tillguard verify.',
  ),
  step: {
    leaf: say('由记录的原文算出校验值', 'The record’s bytes give this hash'),
    path: say('沿着证明算到检查点的根', 'The proof leads to the checkpoint’s root'),
    signature: say('检查点由日志的公钥签名', 'The checkpoint is signed by the log’s key'),
    who: say('做的人与记录里的一致', 'Who did it is who the record says'),
    text: say('内容与记录里的一致', 'The particulars are those of the record'),
  },
  end: {
    right: say('对', 'Right'),
    wrong: say('不对', 'Wrong'),
    impossible: say('这个浏览器做不了', 'Not in this browser'),
    nothing: say('没有这一项', 'There is none'),
  },
  key: say('日志的公钥', 'The log’s key'),
  key_advice: say(
    '请与您事先另行保存的公钥比较。只看这一页，证明不了公钥是真的。',
    'Compare it with the one you have from elsewhere: this page alone cannot prove it.',
  ),
  leaf: say('写入日志的原文', 'The bytes in the log'),
}
