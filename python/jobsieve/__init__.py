"""Jobsieve sorts job adverts into categories by rules that domain experts write, and says why.

import jobsieve

rules = jobsieve.compile('''
    rule "python developers":
      when title "python" and ("developer" or "programmer")
      then add category "it/developers/python";
''')
rules.classify(title="Senior Python Developer").primary   # "it/developers/python"
"""

from importlib.metadata import version as _version

from jobsieve._core import CategoryScore, Classification, RuleSet
from jobsieve.errors import AdvertError, BundleError, JobsieveError, RuleError
from jobsieve.snapshot import compile

__all__ = [
    "AdvertError",
    "BundleError",
    "CategoryScore",
    "Classification",
    "JobsieveError",
    "RuleError",
    "RuleSet",
    "compile",
]

__version__ = _version("jobsieve")
