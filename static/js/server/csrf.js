/**
 * The token that every change carries. Another tab may have logged in since this page was loaded:
 * the cookie has the token that fits.
 */
export function csrfToken() {
  const cookie = document.cookie.match(/(?:^|; )csrftoken=([^;]*)/);
  return cookie?.[1] ?? document.querySelector("meta[name=csrf-token]").content;
}
