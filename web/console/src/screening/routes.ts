/** The pages of the house's own rules for payments, and of its models. */
import type { RouteRecordRaw } from 'vue-router'

export const screening: RouteRecordRaw[] = [
  {
    path: '/screening/rules',
    name: 'rule_sets',
    component: () => import('@/pages/RuleSetList.vue'),
    meta: { title: 'rule_sets' },
  },
  {
    path: '/screening/rules/:id',
    name: 'rule_set',
    component: () => import('@/pages/RuleSetPage.vue'),
    props: true,
    meta: { title: 'rule_sets' },
  },
  {
    path: '/screening/models',
    name: 'models',
    component: () => import('@/pages/ModelList.vue'),
    meta: { title: 'models' },
  },
  {
    path: '/screening/models/:id',
    name: 'model',
    component: () => import('@/pages/ModelPage.vue'),
    props: true,
    meta: { title: 'models' },
  },
]
