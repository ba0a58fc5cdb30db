/** The pages of reports of suspicious transactions. */
import type { RouteRecordRaw } from 'vue-router'

export const suspiciousReport: RouteRecordRaw[] = [
  {
    path: '/suspicious-reports',
    name: 'suspicious_reports',
    component: () => import('@/pages/SuspiciousReportList.vue'),
    meta: { title: 'suspicious_reports' },
  },
  {
    path: '/suspicious-reports/new',
    name: 'new_suspicious_report',
    component: () => import('@/pages/SuspiciousReportNew.vue'),
    meta: { title: 'suspicious_reports' },
  },
  {
    path: '/suspicious-reports/:id',
    name: 'suspicious_report',
    component: () => import('@/pages/SuspiciousReportPage.vue'),
    props: true,
    meta: { title: 'suspicious_reports' },
  },
]
