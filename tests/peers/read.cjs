// Read every list that harvest-v2 has by pages, create a client and a time entry, and print what was found as JSON.
const Harvest = require(require.resolve('harvest-v2', { paths: [process.env.HARVEST_NODE] }));
const harvest = new Harvest({ account_ID: '1', access_token: 'sandbox-token', user_agent: 'peer (peer@example.com)' });
const lists = {
  clients: 'clients', contacts: 'clientContacts', estimates: 'estimates', expense_categories: 'expenseCategories',
  expenses: 'expenses', invoice_item_categories: 'invoiceItemCategories', invoices: 'invoices', projects: 'projects',
  roles: 'roles', tasks: 'tasks', time_entries: 'timeEntries', users: 'users',
};

const ids = async (key, resource) => {
  const found = [];
  for (let page = 1; page; ) {
    const body = await (resource.listBy ? resource.listBy({ page, per_page: 2 }) : resource.list());
    if (!body[key]) throw new Error(`${key}: ${JSON.stringify(body)}`);
    found.push(...body[key].map((each) => each.id));
    page = resource.listBy ? body.next_page : null;
  }
  return found;
};

(async () => {
  const found = {};
  for (const [key, name] of Object.entries(lists)) found[key] = await ids(key, harvest[name]);
  const client = await harvest.clients.create({ name: 'From the peer' });
  const renamed = await harvest.clients.update(client.id, { currency: 'EUR' });
  const company = await harvest.company.retrieve();
  const entry = await harvest.timeEntries.retrieve(found.time_entries[0]);
  console.log(JSON.stringify({ found, client: renamed, company: company.name, entry }));
})();
