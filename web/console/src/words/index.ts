/** All words, by subject. */
import * as app from './app'
import * as login from './login'
import * as terminal from './terminal'
import * as terminal_list from './terminal_list'
import * as transaction from './transaction'
import * as home from './home'
import * as report from './report'
import * as incident_list from './incident_list'
import * as incident from './incident'
import * as proof from './proof'
import * as problem from './problem'
import * as gate from './gate'
import * as time from './time'
import * as hotline from './hotline'
import * as contact from './contact'
import * as list from './list'
import * as found from './found'
import * as duty from './duty'
import * as playbook from './playbook'
import * as police from './police'
import * as letter from './letter'
import * as recorded from './recorded'
import * as settlement_hold from './settlement_hold'
import * as suspicious_report from './suspicious_report'
import * as replacement from './replacement'
import * as files from './files'
import * as mapping from './mapping'
import * as shared from './shared'
import * as statement from './statement'
import * as money from './money'
import * as suspect from './suspect'
import * as suspect_shop from './suspect_shop'
import * as common_point from './common_point'
import * as question from './question'
import * as hours from './hours'
import * as pack from './pack'
import * as photo from './photo'
import * as comment from './comment'
import * as work from './work'
import * as audit from './audit'
import * as happened from './happened'
import * as reach from './reach'
import * as drill from './drill'
import * as setup from './setup'
import * as setting from './setting'
import * as asked from './asked'
import * as scan from './scan'
import * as estate from './estate'
import * as calling from './calling'
import * as importing from './importing'
import * as provider from './provider'
import * as right from './right'
import * as api_key from './api_key'
import * as emergency from './emergency'
import * as security from './security'
import * as registration from './registration'
import * as registration_setting from './registration_setting'
import * as personal from './personal'
import * as revision from './revision'
import * as template from './template'
import * as screening from './screening'
import { spoken, type Spoken } from './say'

const all = {
  ...app,
  ...login,
  ...terminal,
  ...terminal_list,
  ...photo,
  ...transaction,
  ...home,
  ...report,
  ...incident_list,
  ...incident,
  ...duty,
  ...playbook,
  ...police,
  ...letter,
  ...recorded,
  ...settlement_hold,
  ...suspicious_report,
  ...replacement,
  ...files,
  ...mapping,
  ...shared,
  ...statement,
  ...money,
  ...suspect,
  ...suspect_shop,
  ...common_point,
  ...question,
  ...hours,
  ...pack,
  ...comment,
  ...proof,
  ...problem,
  ...gate,
  ...time,
  ...hotline,
  ...contact,
  ...list,
  ...found,
  ...work,
  ...audit,
  ...happened,
  ...reach,
  ...drill,
  ...setup,
  ...setting,
  ...asked,
  ...scan,
  ...estate,
  ...calling,
  ...importing,
  ...provider,
  ...right,
  ...api_key,
  ...emergency,
  ...security,
  ...registration,
  ...registration_setting,
  ...personal,
  ...revision,
  ...template,
  ...screening,
}

export type Messages = Spoken<typeof all>

export const zh: Messages = spoken(all, 'zh')
export const en: Messages = spoken(all, 'en')
