"""Starts AWS's runtime interface client for Python, with the search path that Lambda has.

Run with `-S`: what is installed on this machine is not there on Lambda either. The folder of this
file has the client in `runtime`, and in `packages` what the function's requirements.txt names,
which `sam build` would put beside the function's code.
"""

import os
import runpy
import site
import sys

launch = os.path.dirname(os.path.abspath(__file__))
layers = "/opt/python"
version = "python%d.%d" % sys.version_info[:2]
code = [os.environ["LAMBDA_TASK_ROOT"], os.path.join(launch, "packages")]
opt = [os.path.join(layers, "lib", version, "site-packages"), layers]
runtime = os.path.join(launch, "runtime")

# The first entry is the folder of this file; PYTHONPATH and the standard library follow.
sys.path[0:1] = [path for path in code if os.path.isdir(path)] + opt
if runtime not in sys.path:
    sys.path.append(runtime)

# `exit` and the like, which `-S` leaves out and functions may call.
site.setquit()
site.setcopyright()
site.sethelper()

runpy.run_module("awslambdaric", run_name="__main__", alter_sys=True)
