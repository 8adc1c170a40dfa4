"""What the shop and a browser agree on: what a page may load, who may frame it, and who may send its forms.

`headers.py` has the table and puts it on every answer; `reports.py` hears what browsers refused because of it;
`origins.py` turns away forms that another site has sent; `admin_path.py` says when the admin stands where everybody
looks. Imports nothing of the apps but their throttling.
"""
