"""stub"""
def check(*a, **k): pass
