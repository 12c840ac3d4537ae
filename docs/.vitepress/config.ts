import { defineConfig } from 'vitepress'

export default defineConfig({
  title: 'DCML',
  description: 'Decentralized Confidential Machine Learning',
  cleanUrls: true,
  themeConfig: {
    search: { provider: 'local' },
    sidebar: [
      {
        text: 'Start',
        items: [
          { text: 'What DCML is', link: '/' },
          { text: 'Quickstart', link: '/quickstart' },
        ],
      },
      {
        text: 'Recipes',
        items: [
          { text: 'Use a model from an app', link: '/recipes/use' },
          { text: 'Publish a model', link: '/recipes/publish' },
          { text: 'Host a model', link: '/recipes/host' },
          { text: 'Verify', link: '/recipes/verify' },
          { text: 'Verify other services', link: '/recipes/verify-others' },
        ],
      },
      {
        text: 'Attestation',
        items: [
          { text: 'What is judged', link: '/attestation' },
          { text: 'Attacks and their checks', link: '/attacks' },
          { text: 'Differences from other verifiers', link: '/attestation-differential' },
          { text: 'Fuzzing', link: '/attestation-fuzz' },
        ],
      },
      {
        text: 'Money',
        items: [
          { text: 'Payments', link: '/payments' },
          { text: 'Payment channels, checked', link: '/channels' },
        ],
      },
      {
        text: 'Network',
        items: [
          { text: 'Proof of Response', link: '/proof-of-response' },
          { text: 'Run a node', link: '/recipes/por' },
        ],
      },
      {
        text: 'NEAR',
        items: [
          { text: 'Writing contracts', link: '/contracts' },
          { text: 'Calling contracts', link: '/near' },
          { text: 'Contract engine', link: '/contract-engine' },
          { text: 'Devchain', link: '/devchain' },
          { text: 'What the devchain does not model', link: '/devchain-limits' },
          { text: 'Light client', link: '/light-client' },
        ],
      },
      {
        text: 'Concepts',
        items: [
          { text: 'Glossary', link: '/glossary' },
          { text: 'Paper to code', link: '/paper' },
          { text: 'Threat model', link: '/threat-model' },
          { text: 'Architecture', link: '/architecture' },
        ],
      },
      {
        text: 'Reference',
        items: [
          { text: 'What travels', link: '/wire' },
          { text: 'Decisions', link: '/decisions/' },
        ],
      },
    ],
  },
})
