#!/usr/bin/env python3
"""compare_text.py TOOL_CMD CAPTURES     holds the tool's lines and -V trees against tshark, frame by frame

TOOL_CMD is the tool without output options ("build/release/bin/aldis dump"); CAPTURES a folder with a manifest.json, of which the captures
of tier must that tshark reads by itself are compared. What tshark printed is kept in the folder that CMPDUMP_CACHE names (default
.oracle-cache beside the script), so that later runs need no tshark. Frames whose difference is intended stand in INTENDED, with the reason.
Last line: 'N passed, N failed'.
"""
import gzip, hashlib, json, os, re, shlex, subprocess, sys
HERE = os.path.dirname(os.path.abspath(__file__))

ALIAS = 'aliases are kept for each direction'
LENGTH = 'a Remaining Length of more than four bytes is shown, and reading goes on behind it'
VARINT = 'a variable byte integer of more than four bytes is where reading stops'
NULL = 'text goes on behind a null character'
ESCAPED = 'characters that could deceive on a terminal are escaped'
INTENDED = {
    'alias_both': {10: ALIAS, 15: ALIAS},
    'malformed_mosq': {19: NULL, 135: LENGTH},
    'malformed_raw': {73: LENGTH, 74: LENGTH, 164: NULL, 359: LENGTH, 360: LENGTH, 723: LENGTH, 724: LENGTH, 749: LENGTH, 750: LENGTH,
                      827: VARINT, 840: NULL},
    'odd_bytes': {9: ESCAPED},
}

def run(cmd):
    p = subprocess.run(cmd, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if p.returncode: sys.exit('%s: %s' % (cmd[0], p.stderr.decode('utf-8', 'replace')[-300:]))
    return p.stdout.decode('utf-8', 'replace')

def tshark(capture, meta):
    """{'tree': text, 'info': text}"""
    folder = os.environ.get('CMPDUMP_CACHE', os.path.join(HERE, '.oracle-cache'))
    key = hashlib.sha256(open(capture, 'rb').read() + json.dumps(meta['tshark_args']).encode() + b'text 1').hexdigest()[:32]
    path = os.path.join(folder, key + '.text.gz')
    if folder and os.path.exists(path):
        return json.load(gzip.open(path, 'rt'))
    base = ['tshark', '-n', '-r', capture, *meta['tshark_args'], '-Y', 'mqtt']
    said = {'tree': run(base + ['-O', 'mqtt']), 'info': run(base + ['-T', 'fields', '-e', 'frame.number', '-e', '_ws.col.Info'])}
    if folder:
        os.makedirs(folder, exist_ok=True)
        with gzip.open(path, 'wt') as out: json.dump(said, out)
    return said

def trees(text):
    """frame -> the lines about MQTT"""
    frames, now, inside = {}, None, False
    for line in text.split('\n'):
        m = re.match(r'Frame (\d+):', line)
        if m: now, inside = frames.setdefault(int(m[1]), []), False
        elif line.startswith('MQ Telemetry'): inside = True
        elif line and not line.startswith((' ', '[Malformed')): inside = False
        if now is not None and inside and line: now.append(line)
    return frames

def infos(text):
    out = {}
    for line in text.split('\n'):
        number, _, info = line.partition('\t')
        if not number.isdigit(): continue
        info = re.sub(r'^(\[TCP[^\]]*\] ?)+(, )?', '', info)               # tshark's remarks about TCP
        out[int(number)] = re.sub(r'(?<=\]) \([\w.+-]+/[\w.+-]+\)', '', info)  # and its dissectors of payloads
    return out

def first_difference(a, b):
    for x, y in zip(a, b):
        if x != y: return '%r, tool %r' % (x[:100], y[:100])
    return '%d lines, tool %d' % (len(a), len(b))

def compare(name, what, want, got, totals):
    for frame in sorted(set(want) | set(got)):
        a, b = want.get(frame), got.get(frame)
        if a == b: totals['equal ' + what] += 1; continue
        reason = INTENDED.get(name, {}).get(frame)
        totals['intended ' + what if reason else 'different ' + what] += 1
        print('%s %s frame %d %s: tshark %s%s' % ('-   ' if reason else 'FAIL', name, frame, what,
              first_difference(a or [], b or []) if what == 'tree' else '%r, tool %r' % (a, b), ': ' + reason if reason else ''))

def main():
    tool, folder = shlex.split(sys.argv[1]), sys.argv[2]
    totals = dict.fromkeys([s + ' ' + w for s in ('equal', 'intended', 'different') for w in ('tree', 'info')], 0)
    for meta in json.load(open(os.path.join(folder, 'manifest.json'))):
        if meta['tier'] != 'must' or meta.get('oracle', 'plain') != 'plain': continue
        capture = os.path.join(folder, meta['file'])
        said = tshark(capture, meta)
        compare(meta['scenario'], 'tree', trees(said['tree']), trees(run(tool + ['-V', '--show-secrets', '-r', capture])), totals)
        compare(meta['scenario'], 'info', infos(said['info']),
                infos(run(tool + ['-T', 'fields', '-e', 'frame.number', '-e', '_ws.col.Info', '-r', capture])), totals)
    for what in ('tree', 'info'):
        print('%s: %d frames equal, %d different as intended, %d different' % (what, *(totals[s + ' ' + what] for s in ('equal', 'intended', 'different'))))
    failed = totals['different tree'] + totals['different info']
    passed = sum(totals.values()) - failed
    print('%d passed, %d failed' % (passed, failed))
    sys.exit(1 if failed or not passed else 0)

if __name__ == '__main__': main()
