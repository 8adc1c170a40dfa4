// What stands behind the # of a letter's link never reaches a server's log: it is put into the form here.
// Without JavaScript it can be copied by hand.
const field = document.querySelector("input[name=token]");
if (field && location.hash.length > 1) {
  field.value = decodeURIComponent(location.hash.slice(1));
  field.closest("p").hidden = true;
  history.replaceState(null, "", location.pathname);
}
