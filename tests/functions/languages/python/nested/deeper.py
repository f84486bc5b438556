import sys


def handler(_event, _context):
    return list(sys.version_info[:2])
