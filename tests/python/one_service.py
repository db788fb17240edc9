"""A site of H100 servers and one service that uses them."""

from conftest import ROOT


def write(folder, *, servers, requests, horizon, event, sample):
    """Write the world, mix and scenario; returns the scenario's path.

    `requests` a second, all day; `event` is an `<event>` element.
    """
    (folder / "world.xml").write_text(
        '<platform name="one" xmlns:xi="http://www.w3.org/2001/XInclude">'
        f'<xi:include href="{ROOT}/platforms/catalog/nvidia.xml"/>'
        '<region id="here" latitude="0 deg" longitude="0 deg" utc-offset="0 h" assumed="none"/>'
        '<site id="site" latitude="0 deg" longitude="0 deg" assumed="none"><cluster id="gpus" '
        f'domain="hgx-h100-8" fabric="rails-400g" count="{servers}"/></site></platform>'
    )
    (folder / "mix.xml").write_text(
        '<workload name="one" xmlns:xi="http://www.w3.org/2001/XInclude">'
        f'<xi:include href="{ROOT}/workloads/models/open-models.xml"/>'
        '<service id="chat" model="llama-3.1-8b" input-tokens="1000" output-tokens="200" '
        'ttft="2 s" tpot="50 ms" assumed="none">'
        f'<demand region="here" requests="{requests} req/s"/></service></workload>'
    )
    path = folder / "scenario.xml"
    path.write_text(
        '<scenario name="one" world="world.xml" mix="mix.xml" start="2026-01-01" '
        f'horizon="{horizon}">{event}<record sample="{sample}"/></scenario>'
    )
    return path
