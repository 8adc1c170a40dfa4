"""Two people edit one thing: whoever writes last must have seen what the other wrote (RFC 9110, 13).

    GET ─► ETag: "version-shown" ─► the person thinks ─► PATCH, If-Match: "version-shown" ─► lock ─► still that version?
                                                                                             yes: written   no: 412

`versions.py` is core: what a version is, and the question under the lock. `headers.py` is the edge: it reads and
writes the header fields. It lives in accounts because every app may import it.
"""
