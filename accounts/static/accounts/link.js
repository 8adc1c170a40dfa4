// What stands behind the # of a letter's link never reaches a server's log: it is put into the form here, and need not be
// seen there, nor when the form comes back with a refusal. Without JavaScript it can be copied by hand.
const field = document.querySelector("input[name=token]");
if (field && location.hash.length > 1) {
  field.value = decodeURIComponent(location.hash.slice(1));
  history.replaceState(null, "", location.pathname);
}
if (field && field.value) {
  field.closest("p").hidden = true;
}
