declare module '@babel/plugin-transform-block-scoping' {
  const plugin: import('@babel/core').PluginTarget
  export default plugin
}
