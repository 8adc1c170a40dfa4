/* Opens GraphiQL on this shop's own endpoint. The headers are for a token: they are kept nowhere. */
const fetcher = GraphiQL.createFetcher({ url: "/graphql/" });
const defaultQuery = `# The book on the left explains every field.
# To buy, log in with POST /api/v1/auth/token/
# and put its access token into Headers below:
# {"Authorization": "Bearer eyJ…"}

{
  products(first: 3, inStock: true, orderBy: PRICE_DESCENDING) {
    edges {
      node {
        sku
        name
        price { amount currency }
        available
      }
    }
  }
}
`;
ReactDOM.createRoot(document.getElementById("graphiql")).render(
  React.createElement(GraphiQL, { fetcher, defaultQuery, defaultEditorToolsVisibility: "headers" }),
);
