// Every operation on every kind of content with @knocklabs/mgmt; prints what each answered, or how it was refused.
const { KnockMgmt } = require('@knocklabs/mgmt');

const [baseURL, serviceToken] = process.argv.slice(2);
const client = new KnockMgmt({ baseURL, serviceToken, maxRetries: 0 });
const development = { environment: 'development' };
const variant = { key: 'default', name: 'Default', fields: [] };
const feed = { action_url: '/', markdown_body: 'Hello' };
const step = { ref: 'feed_1', type: 'channel', channel_type: 'in_app_feed', channel_key: 'in-app', template: feed };
const card = { ref: 'step_1', schema_key: 'tip', schema_semver: '0.0.1', schema_variant_key: 'default', values: {} };

// Dependencies first: a guide needs its audience and its message type.
const kinds = [
  ['audiences', 'audience', 'testers', { name: 'Testers', type: 'static' }],
  ['partials', 'partial', 'hello', { name: 'Hello', type: 'html', content: '<b>Hello</b>' }],
  ['emailLayouts', 'email_layout', 'plain', { name: 'Plain', html_layout: '{{ content }}', text_layout: '{{ content }}' }],
  ['messageTypes', 'message_type', 'tip', { name: 'Tip', description: null, preview: '<p>', variants: [variant] }],
  ['translations', 'translation', 'en', { format: 'json', content: '{"hello":"Hello"}' }, { namespace: 'sdk' }],
  ['guides', 'guide', 'tour', { name: 'Tour', channel_key: 'guides', target_audience_key: 'testers', steps: [card] }],
  ['workflows', 'workflow', 'welcome', { name: 'Welcome', steps: [step] }],
];

const listed = async (page) => {
  const found = [];
  for await (const one of page) found.push(one);
  return found;
};
const refusal = (call) => call.then(() => null, (error) => ({ status: error.status, ...error.error }));

async function main() {
  const told = { kinds: {} };
  for (const [resource, name, key, content, more] of kinds) {
    const api = client[resource];
    const where = { ...development, ...more };
    told.kinds[name] = {
      validated: (await api.validate(key, { ...where, [name]: content }))[name],
      missing: await refusal(api.retrieve(key, where)),
      upserted: (await api.upsert(key, { ...where, [name]: content }))[name],
      wrong: await refusal(api.upsert(key, { ...where, [name]: { ...content, colour: 'red' } })),
    };
  }
  told.committed = await client.commits.commitAll({ ...development, commit_message: 'All' });
  told.commits = await listed(client.commits.list(development));
  told.commit = await client.commits.retrieve(told.commits[0].id);
  told.promotedOne = await client.commits.promoteOne(told.commits.at(-1).id);
  told.promoted = await client.commits.promoteAll({ to_environment: 'production' });
  for (const [resource, name, key, , more] of kinds) {
    const live = { environment: 'production', ...more };
    told.kinds[name].retrieved = await client[resource].retrieve(key, live);
    told.kinds[name].listed = await listed(client[resource].list(live));
  }
  told.activated = await client.workflows.activate('welcome', { environment: 'production', status: false });
  told.guideActivated = await client.guides.activate('tour', { environment: 'production', status: true });
  told.branch = await client.branches.create('sdk', development);
  told.branches = await listed(client.branches.list(development));
  await client.branches.delete('sdk', development);
  told.branchGone = await refusal(client.branches.retrieve('sdk', development));
  told.archivedGuide = await client.guides.archive('tour');
  told.archivedAudience = await client.audiences.archive('testers', development);
  told.gone = await refusal(client.guides.retrieve('tour', { environment: 'production' }));
  told.environments = (await listed(client.environments.list())).map((one) => one.slug);
  told.channels = (await listed(client.channels.list())).map((one) => one.key);
  told.whoami = await client.auth.verify();
  told.apiKey = await client.apiKeys.exchange(development);
  console.log(JSON.stringify(told));
}

main();
