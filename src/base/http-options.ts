/** How HTTP(S) sources are asked. Nothing of it applies to other protocols. */
export interface HttpOptions {
  /** What `headers`, `user`, `cookie` and `referer` are for ("https://host:port"). Default: the one origin of the sources. */
  readonly origin?: string;
  /** Header lines ("Name: value") for the one origin of the sources; with several origins use `headersFor`. */
  readonly headers?: readonly string[];
  /** Header lines for one origin each ("https://host:port"). */
  readonly headersFor?: readonly { readonly origin: string; readonly header: string }[];
  /**
   * "name:password" for the one origin of the sources. A URL may also carry them: `https://name:password@host/f`. Shown by
   * Digest where the server asks for that, else by Basic: over TLS at once, in the clear once the server has asked.
   */
  readonly user?: string;
  /** Token that is sent as `Authorization: Bearer` to the sources' one host, on whatever ports. */
  readonly bearer?: string;
  /** Cookies for the one origin of the sources: "a=1; b=2". */
  readonly cookie?: string;
  /** A file of cookies in Netscape's format; each goes where its line says. */
  readonly cookieFile?: string;
  /** A netrc file; false: none. Default: NETRC, else ~/.netrc where it is there. */
  readonly netrc?: string | false;
  /** A file of certificates (PEM) that are trusted instead of Node's own. */
  readonly caCertificate?: string;
  /** Do not check certificates. Default false. */
  readonly insecure?: boolean;
  /** Default "manyget/VERSION". */
  readonly userAgent?: string;
  /** Sent as Referer to the one origin of the sources. */
  readonly referer?: string;
  /** Default: http_proxy, https_proxy, all_proxy and no_proxy of the environment. Empty texts mean none. */
  readonly proxy?: {
    readonly http?: string | undefined;
    readonly https?: string | undefined;
    readonly all?: string | undefined;
    readonly no?: string | undefined;
  };
}
