/** The frame of every page. */
import type { Role } from '@/api/types'
import { say, type Words } from './say'

export const app = {
  name: say('Tillguard', 'Tillguard'),
  skips: say('快捷跳转', 'Skip links'),
  skip: say('跳到正文', 'Skip to content'),
  skip_to_report: say('报失一台设备', 'Report the loss of a terminal'),
  navigation: say('主导航', 'Main'),
  language: say('语言', 'Language'),
  other_language: say('English', '中文'),
  theme: say('外观', 'Appearance'),
  theme_system: say('跟随系统', 'Same as system'),
  theme_light: say('浅色', 'Light'),
  theme_dark: say('深色', 'Dark'),
  sign_out: say('退出登录', 'Sign out'),
  account: say('我的账号', 'My account'),
  close: say('关闭', 'Close'),
  cancel: say('取消', 'Cancel'),
  copy: say(
    (what: string) => `复制${what}`,
    (what) => `Copy ${what}`,
  ),
  copied: say('已复制', 'Copied'),
  copy_failed: say('没能复制，请长按选择', 'Could not copy: press and hold to select'),
  sending: say('正在发送…', 'Sending…'),
  loading: say('正在读取…', 'Loading…'),
  retry: say('再试一次', 'Try again'),
  more: say('再看一些', 'Show more'),
  shown: say(
    (shown: number) => `已显示 ${shown} 条`,
    (shown) => `${shown} shown`,
  ),
  change: say('修改', 'Change'),
}

export const nav = {
  home: say('我的设备', 'My terminals'),
  incidents: say('事件', 'Incidents'),
  my_incidents: say('报失记录', 'Loss reports'),
  terminals: say('终端', 'Terminals'),
  contacts: say('联系人', 'Contacts'),
  report: say('报失', 'Report a loss'),
}

export const title = {
  login: say('登录', 'Sign in'),
  emergency: say('不登录报失', 'Report without signing in'),
  setup: say('设置', 'Set up'),
  settings: say('系统设置', 'Settings'),
  home: say('我的收款设备', 'My terminals'),
  report: say('报失', 'Report a loss'),
  incidents: say('报失记录', 'Loss reports'),
  incident: say('报失', 'Loss report'),
  terminals: say('终端', 'Terminals'),
  terminal: say('终端', 'Terminal'),
  providers: say('支付机构直接停用', 'Stopped by the provider'),
  contacts: say('联系人', 'Contacts'),
  contact: say('联系人', 'Contact'),
  work: say('待办', 'Work'),
  audit: say('审计日志', 'Audit log'),
  scan: say('扫标签', 'Scan a label'),
  labels: say('打印标签', 'Labels to print'),
  merchants: say('商户', 'Merchants'),
  merchant: say('商户', 'Merchant'),
  shops: say('门店', 'Shops'),
  shop: say('门店', 'Shop'),
  new_terminal: say('添加终端', 'Add a terminal'),
  people: say('人', 'People'),
  roles: say('自定义岗位', 'Custom roles'),
  keys: say('API 密钥', 'API keys'),
  reach: say('我的提醒邮箱', 'Reminders for me'),
  security: say('登录与安全', 'Sign-in and security'),
  imports: say('导入终端', 'Import terminals'),
  join: say('加入', 'Join'),
  not_found: say('没有这一页', 'Page not found'),
}

export const role = {
  cashier: say('收银员', 'Cashier'),
  manager: say('店长', 'Shop manager'),
  owner: say('店主', 'Owner'),
  field_engineer: say('装机工程师', 'Field engineer'),
  operations: say('运营', 'Operations'),
  risk_officer: say('风控', 'Risk officer'),
  administrator: say('系统管理员', 'Administrator'),
  auditor: say('审计', 'Auditor'),
} satisfies Words<Role>
