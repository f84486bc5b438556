// Uses what a layer has.
'use strict';

const { greeting } = require('shared');

exports.handler = async () => greeting;
