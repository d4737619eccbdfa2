"""What the product calls leads it nowhere else: no client follows a redirect, whoever has written it.

The addresses of providers are the operator's. Whoever could answer in their place would else have our keys, or what we
send, brought to another machine. Loaded by the settings, so in every process that calls anybody.
"""

import requests.sessions

# Read by every session that is opened from now on, those inside of the SDKs of Tencent, Alibaba and WeChat too: a
# redirect raises TooManyRedirects, which is a RequestException.
requests.sessions.DEFAULT_REDIRECT_LIMIT = 0
