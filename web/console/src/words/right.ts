/** What people may do, and the roles that are made of it. */
import type { Right } from '@/api/types'
import { say, type Words } from './say'

export const right = {
  report_loss: say('报失', 'Report a loss'),
  follow_loss: say('跟进报失', 'Follow a loss'),
  end_loss: say('确认找回', 'Confirm that a terminal is found'),
  lock_terminal: say('锁定和解锁', 'Lock and unlock'),
  keep_operator: say('管理收银员', 'Keep operators'),
  keep_shop: say('管理门店和联系人', 'Keep shops and contacts'),
  keep_terminal: say('管理终端', 'Keep terminals'),
  keep_gate: say('管理网关终端和密钥', 'Keep the gate’s terminals and keys'),
  sign_merchant: say('签约和解约商户', 'Sign merchants on and off'),
  keep_provider: say('管理支付机构密钥', 'Keep keys for providers'),
  give_rights: say('邀请人、给权限', 'Invite people and give rights'),
  administer: say('系统设置', 'Settings of the house'),
  decide_work: say('处理卡住的待办', 'Decide about stuck work'),
  see_house: say('看系统运行情况', 'See how the house runs'),
  see_record: say('看操作记录', 'Read the record'),
  see_personal: say('看个人信息', 'See personal data'),
  keep_revision: say(
    '写和签发预案、模板、交易规则',
    'Write and sign off playbooks, templates and rules for payments',
  ),
  report_suspicion: say(
    '写、复核和报送可疑交易报告',
    'Write, decide and file suspicious-transaction reports',
  ),
} satisfies Words<Right>

export const roles = {
  lead: say(
    '从一个岗位里只留一部分权限。改了马上生效。',
    'A role with only some of its rights. A change counts at once for whoever has it.',
  ),
  none: say('还没有自定义岗位。', 'No custom roles yet.'),
  add: say('新建岗位', 'Make a role'),
  name: say('岗位名称', 'What it is called'),
  name_hint: say('例如：夜班', 'For example: night shift'),
  base: say('从哪个岗位来', 'Made from'),
  rights: say('可以做', 'May'),
  custom: say('权限', 'Rights'),
  whole: say('这个岗位的全部权限', 'All of the role'),
  looks: say('只能看', 'Looks only'),
  and: say('、', ', '),
  retire: say('停用', 'Retire'),
  restore: say('恢复', 'Restore'),
  retired: say('已停用', 'Retired'),
}
