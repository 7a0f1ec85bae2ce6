#!/usr/bin/env python3
"""damage.py TOOL_CMD CAPTURES [--rounds 100] [--seed 1]     nothing is invented, whatever happened to a capture

Captures are damaged at random: segments lost, cut short, swapped, sent twice, runs of frames missing. Every packet that the tool shows
whole must be one that the same end of the same conversation really sent: the tool's reading of the undamaged capture tells which those are.
So it is with what goes beyond a packet: no rule is broken, no answer belongs to a question, no message is sent again but in the undamaged capture, too.
TOOL_CMD prints JSON and takes the capture as its last word. Last line: 'N passed, N failed'.
"""
import argparse, json, os, random, shlex, struct, subprocess, sys, tempfile
HERE = os.path.dirname(os.path.abspath(__file__)); sys.path.insert(0, HERE)
import capstream

# Where the bytes are plain, and each conversation is known by its ports alone.
PLAIN = ['v311_flows.pcapng', 'v5_props_paho.pcapng', 'v31_flows.pcapng', 'big_payload.pcapng', 'big_gso.pcapng', 'topic_alias.pcapng', 'shared_subs.pcapng',
         'session_resume.pcapng', 'odd_bytes.pcapng', 'aedes_flows.pcapng', 'v5_everything.pcapng', 'v311_everything.pcapng', 'many_pdus.pcapng',
         'alias_both.pcapng', 'auth_v5.pcapng', 'midstream.pcapng', 'retransmit.pcapng', 'odd_port.pcapng', 'ipv6.pcapng']

def write(path, frames):
    with open(path, 'wb') as out:
        out.write(struct.pack('<IHHiIII', 0xa1b23c4d, 2, 4, 0, 0, 262144, frames[0][0] if frames else 1))
        for _, sec, nsec, data, size in frames: out.write(struct.pack('<IIII', sec, nsec, len(data), max(size, len(data))) + data)

def packets(tool, path):
    p = subprocess.run(tool + [path], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
    if p.returncode: raise RuntimeError('exit status %d: %s' % (p.returncode, p.stderr.decode('utf-8', 'replace')[-200:]))
    return [json.loads(line) for line in p.stdout.decode().splitlines()]

def identity(p, versions):
    """what was sent, by whom: all that does not depend on what is missing around it"""
    m = {k: v for k, v in p['mqtt'].items() if k != 'mqtt.topic' or p['mqtt'].get('mqtt.topic_len')}
    return (p['src'], p['sport'], p['dst'], p['dport'], json.dumps(m, sort_keys=True))

def shape(p):
    """the same without what only the right version shows"""
    m = p['mqtt']
    return (p['src'], p['sport'], p['dst'], p['dport'], m.get('mqtt.hdrflags'), m.get('mqtt.len'), m.get('mqtt.msgid'), m.get('mqtt.topic_len') if m.get('mqtt.msgtype') == 3 else 0)

LINKS = ('acks', 'flow', 'redelivery_of')

def accusations(packets):
    """who breaks what, where the version is known"""
    return {(identity(p, None), v['id']) for p in packets if p['version_src'] == 'connect' and not p['malformed'] and not p['truncated'] for v in p['violations']}

def links(packets):
    """(what, the packet, the one it is tied to), those in full view only"""
    whole = [p for p in packets if not p['malformed'] and not p['truncated'] and p['version_src'] == 'connect']
    at = {(p['frame'], p['pdu']): identity(p, None) for p in whole}
    for p in whole:
        for what in LINKS:
            to = p['x'].get(what)
            if to and (to['frame'], to['pdu']) in at: yield what, identity(p, None), at[to['frame'], to['pdu']]

def damage(frames, r):
    out = list(frames)
    for _ in range(r.randint(1, 6)):
        if len(out) < 4: break
        i = r.randrange(len(out) - 1); how = r.randrange(5)
        if how == 0: del out[i]
        elif how == 1: lt, s, n, d, size = out[i]; out[i] = (lt, s, n, d[:max(60, r.randrange(len(d) + 1))], len(d))
        elif how == 2: out[i], out[i + 1] = out[i + 1], out[i]
        elif how == 3: out.insert(i + 1, out[i])
        else: del out[i:i + r.randint(1, max(1, len(out) // 6))]
    return out

def main():
    ap = argparse.ArgumentParser(usage=__doc__); ap.add_argument('tool'); ap.add_argument('captures')
    ap.add_argument('--rounds', type=int, default=100); ap.add_argument('--seed', type=int, default=1)
    a = ap.parse_args(); tool = shlex.split(a.tool); passed = failed = shown = guessed = tied = 0; truth = {}
    with tempfile.TemporaryDirectory(prefix='damage') as folder:
        for k in range(a.rounds):
            r = random.Random(a.seed * 1_000_003 + k); name = r.choice(PLAIN); path = os.path.join(a.captures, name)
            if name not in truth:
                t = packets(tool, path); truth[name] = ({identity(p, None) for p in t}, {shape(p) for p in t}, accusations(t), set(links(t)), capstream.read_capture(path))
            sent, shapes, broken, bound, frames = truth[name]
            hurt = os.path.join(folder, 'hurt.pcap'); write(hurt, damage(frames, r)); bad = []
            try: got = packets(tool, hurt)
            except (RuntimeError, ValueError, subprocess.TimeoutExpired) as e: got = []; bad.append(str(e))
            for p in got:
                if p['malformed'] or p['truncated']: continue
                shown += 1; guess = p['version_src'] == 'guess'; guessed += guess
                if identity(p, None) not in sent and not (guess and shape(p) in shapes): bad.append('frame %d pdu %d: nobody sent %s' % (p['frame'], p['pdu'], p['info']))
            bad += ['%s is accused of %s' % (json.loads(who[4]), rule) for who, rule in sorted(accusations(got) - broken)]
            ties = list(links(got)); tied += len(ties)
            bad += ['%s: %s is tied to %s' % (what, one[4], other[4]) for what, one, other in ties if (what, one, other) not in bound]
            passed += not bad; failed += bool(bad)
            for b in bad[:3]: print('seed %d round %d %s: %s' % (a.seed, k, name, b))
    print('%d packets shown, %d of them in a guessed version; %d ties between them' % (shown, guessed, tied)); print('%d passed, %d failed' % (passed, failed)); sys.exit(1 if failed or not shown or not tied else 0)

if __name__ == '__main__': main()
